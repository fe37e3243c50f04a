"""Folders of images."""

from PIL import Image


def save_images(folder, arrays, suffix="png"):
    """Save each array as an image of its own."""
    folder.mkdir(exist_ok=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:03d}.{suffix}")
    return folder
