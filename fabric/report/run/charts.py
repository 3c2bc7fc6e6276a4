"""All charts of a report, from its rows. It does not know pages or pictures, and computes nothing but what is drawn."""

from __future__ import annotations

from fabric.report.page.drawing import Drawing
from fabric.report.run.extrapolated import efficiency_by_devices
from fabric.report.run.machine import busbw_by_size, efficiency_by_ranks
from fabric.report.run.scored import error_by_size, predicted_against_measured
from fabric.report.run.story import Story


def draw(story: Story) -> list[Drawing]:
    """Return every chart for which the story has rows, in the order of the page."""
    drawings = [
        efficiency_by_devices(story.extrapolation),
        busbw_by_size(story.scaling),
        efficiency_by_ranks(story.scaling),
        predicted_against_measured(story.scaling),
        error_by_size(story.scaling),
    ]
    return [drawing for drawing in drawings if drawing is not None]
