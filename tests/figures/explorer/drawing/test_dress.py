"""One quiet look for all figures."""

from bokeh.plotting import figure

from convergen.figures.explorer.drawing.dress import INK, PALE, dress


def test_figures_are_quiet_and_powers_of_ten_are_ticked():
    plot = figure(x_axis_type="log", title="x")
    dress(plot)
    assert plot.xaxis[0].ticker.ticks == [10.0**k for k in range(10)]
    assert plot.xgrid[0].ticker is plot.xaxis[0].ticker
    assert plot.background_fill_color == plot.border_fill_color == "white"
    assert plot.outline_line_color is None
    assert plot.title.text_color == INK
    for axis in (*plot.xaxis, *plot.yaxis):
        assert axis.axis_line_color == axis.major_tick_line_color == PALE
        assert axis.minor_tick_line_color is None
        assert axis.axis_label_text_color == axis.major_label_text_color == INK
    assert {grid.grid_line_color for grid in plot.grid} == {"#e4e8ec"}
