from convergen.empirical.networks.architectures.unet import _norm


def test_groups_have_at_least_four_channels_and_there_are_at_most_eight():
    groups = {
        channels: _norm(channels).num_groups for channels in (1, 3, 4, 8, 12, 16, 36, 64, 128)
    }
    # A number of groups divides the channels: 36 allows 4 of the 8, not 9.
    assert groups == {1: 1, 3: 1, 4: 1, 8: 2, 12: 3, 16: 4, 36: 4, 64: 8, 128: 8}
