/* The judge of the native loop: the same samples, written in C. fidelity.py compiles it with the wheel's own mpicc. */
#include <mpi.h>
#include <stdint.h>
#include <time.h>

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Take samples of so many calls, each after a barrier; stamps: start and end of every sample in nanoseconds. */
int all_reduce(const void *source, void *target, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm, int samples, int calls,
               int64_t *stamps) {
    for (int sample = 0; sample < samples; sample++) {
        int code = MPI_Barrier(comm);
        if (code != MPI_SUCCESS) return code;
        stamps[2 * sample] = now();
        for (int call = 0; call < calls; call++) {
            code = MPI_Allreduce(source, target, count, type, op, comm);
            if (code != MPI_SUCCESS) return code;
        }
        stamps[2 * sample + 1] = now();
    }
    return MPI_SUCCESS;
}
