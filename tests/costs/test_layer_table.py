import keras
import pytest

from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.layer_table import layer_table
from nas_cli.models import zoo

layers = keras.layers


def test_rows_name_every_call_once_and_add_up_to_the_model() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.ReLU()], name="stem")
    image = keras.Input((8, 8, 3), name="image")
    both = layers.Add(name="sum")([inner(image), inner(layers.Dropout(0.1)(image))])
    model = keras.Model(image, layers.Dense(2, name="logits")(layers.Flatten()(both)))
    rows = {row.path: row for row in layer_table(model)}
    assert len(rows) == len(layer_table(model))
    assert (rows["stem/conv"].kind, rows["stem/conv"].output_shape, rows["stem/conv"].channels) == (
        "Conv2D",
        (6, 6, 4),
        4,
    )
    assert (rows["stem/conv"].macs, rows["stem/conv#2"].macs) == (36 * 27 * 4, 36 * 27 * 4)
    assert (rows["stem/conv"].params, rows["stem/conv#2"].params) == (112, 0)
    assert rows["logits"].channels == 2
    cost = model_cost(model)
    assert (sum(row.macs for row in rows.values()), sum(row.params for row in rows.values())) == (
        cost.macs,
        cost.params,
    )


def test_padding_of_channels_does_not_hide_them() -> None:
    """The builder pads channels with a layer that it tells 'channels_first', on maps whose channels are last."""
    rows = layer_table(zoo.build("resnet20", (8, 8, 3), 4, shortcut="pad"))
    assert [row.channels for row in rows if row.path.endswith("_pad")] == [32, 64]


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_channels_are_those_of_the_layout(layout: str) -> None:
    image = keras.Input((3, 8, 9) if layout == "channels_first" else (8, 9, 3))
    model = keras.Model(image, layers.ReLU()(layers.Conv2D(5, 3, data_format=layout)(image)))
    assert [row.channels for row in layer_table(model)] == [3, 5, 5]
