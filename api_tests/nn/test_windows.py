"""Windows that are copied some at a time, and the two ways back through a convolution, against the whole at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.arrays import Array
from service.nn import windows as module
from service.nn.layers.convolution import Convolution
from service.nn.windows import Windows

sizes = st.integers(1, 3)
pads = st.integers(0, 3)


@st.composite
def of_images(draw: st.DrawFn) -> Windows:
    """Windows of small images that fit."""
    size, stride, dilation = (draw(st.tuples(sizes, sizes)) for _ in range(3))
    positions = tuple(
        (one - 1) * apart + 1 + draw(st.integers(0, 4)) for one, apart in zip(size, dilation, strict=True)
    )
    return Windows(positions, size, stride, dilation, (draw(st.tuples(pads, pads)), draw(st.tuples(pads, pads))))


@given(windows=of_images(), trials=sizes, samples=st.integers(1, 5), limit=st.sampled_from([1, 2000, 1 << 20]))
def test_windows_that_are_taken_in_blocks_are_those_that_are_taken_at_once(
    windows: Windows, trials: int, samples: int, limit: int
) -> None:
    x = np.random.default_rng(0).normal(size=(trials, samples, *windows.positions, 2))
    whole = windows.take(x).reshape(trials, samples * windows.count, -1)
    found = np.full_like(whole, np.nan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_BYTES", limit)
        patch.setattr(module, "_FEWEST_ROWS", 1)
        for place, columns in windows.columns(x):
            found[place] = columns
    assert np.array_equal(found, whole)


@given(windows=of_images(), trials=sizes, samples=st.integers(1, 5), limit=st.sampled_from([1, 2000, 1 << 20]))
def test_what_overlapping_windows_say_is_added_in_blocks_as_at_once(
    windows: Windows, trials: int, samples: int, limit: int
) -> None:
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(trials, samples * windows.count, 3))
    kernel = generator.normal(size=(trials, 3, 2 * windows.size[0] * windows.size[1]))
    whole = windows.add((rows @ kernel).reshape(trials, samples, *windows.out, *windows.size, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_BYTES", limit)
        patch.setattr(module, "_FEWEST_ROWS", 1)
        np.testing.assert_allclose(windows.added(rows, kernel), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("pad", [[0, 0, 0, 0], [1, 0, 2, 1], [5, 0, 1, 1]])
@pytest.mark.parametrize("trials", [(1, 3), (3, 1), (3, 3)])
def test_a_convolution_goes_back_by_its_kernel_turned_around_as_by_adding_windows(
    groups: int, dilation: int, pad: list[int], trials: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Convolution(filters=4, size=[3, 2], dilation=[dilation], pad=pad, groups=groups)
    generator = np.random.default_rng(2)
    x = generator.normal(size=(trials[0], 5, 7, 6, 6))
    weights = generator.normal(size=(trials[1], 3, 2, 6 // groups, 4))
    z, saved = node.apply([weights], x)
    dz = generator.normal(size=z.shape)
    found: list[Array] = []
    for many in (0, 10**9):  # always, and never
        monkeypatch.setattr("service.nn.layers.convolution._TIMES_AS_MANY_ROWS", many)
        dx, gradient = node.vjp([weights], saved, dz)
        found += [dx(), gradient("weights")]
        assert np.isclose(np.vdot(dx(), np.broadcast_to(x, dx().shape)), np.vdot(dz, z))  # linear in x
    np.testing.assert_allclose(found[0], found[2], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1], found[3], rtol=1e-12, atol=1e-12)
