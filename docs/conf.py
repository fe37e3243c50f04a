"""How the documentation is built: ``make docs`` writes it to out/docs, warnings are errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import matplotlib

from convergen import __version__

_EXTENSIONS = str(Path(__file__).parent / "_ext")
sys.path.insert(0, _EXTENSIONS)
# Kernels of tutorials find tutorial_cells there.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [_EXTENSIONS, os.environ.get("PYTHONPATH")])
)

project = "convergen"
author = "The convergen developers"
copyright = author
version = release = __version__

extensions = [
    "mathml",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "plain_docstrings",
    "sphinx_copybutton",
    "sphinx_design",
]
root_doc = "index"
exclude_patterns = ["_build"]
suppress_warnings = ["config.cache"]

html_math_renderer = "mathml"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# Tutorials are run when they are built; an error in one is an error of the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 900
nb_merge_streams = True

templates_path = ["_templates"]
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_validation_checks: set[str] = set()

toc_object_entries_show_parents = "hide"
nitpicky = False
html_theme = "pydata_sphinx_theme"
html_title = f"convergen {version}"
# Formulas are set in the font that figures use, which comes with matplotlib.
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
html_static_path = ["_static", str(_FONTS / "STIXGeneral.ttf")]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
copybutton_exclude = ".linenos, .gp, .go"
