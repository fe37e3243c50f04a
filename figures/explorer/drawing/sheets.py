"""Style sheets of what Bokeh draws, each of whose parts has a style of its own."""

from __future__ import annotations

WIDGETS = """
:host { font-family: system-ui, sans-serif; --accent: #0072B2; }
.noUi-target { border: 0; box-shadow: none; background: #dfe5ea; height: 6px !important;
  margin-top: 6px; }
.noUi-connect { background: #0072B2 !important; }
.noUi-handle { border: 0 !important; border-radius: 50% !important; background: #0072B2 !important;
  box-shadow: 0 1px 4px #0005 !important; width: 20px !important; height: 20px !important;
  top: -7px !important; right: -10px !important; }
.noUi-handle:before, .noUi-handle:after { display: none !important; }
.bk-slider-title, label { font-size: 14px; color: #33404d; }
.bk-slider-value { font-weight: 650; color: #0b1a28; }
.bk-btn { font-family: inherit; font-size: 13px !important; border-radius: 7px; padding: 7px 10px; }
.bk-btn-group .bk-btn { padding: 7px 0; flex: 1 1 auto; }
.bk-btn-primary.bk-active, .bk-btn-primary { background: #0072B2; border-color: #0072B2; }
.bk-btn-default.bk-active { background: #0072B2; border-color: #0072B2; color: white; }
.bk-input { font-size: 14px; border-radius: 7px; height: 34px; }
"""

TEXT = """
.bk-clearfix { font: 15px/1.5 system-ui, sans-serif; color: #0b1a28; width: 100%; }
p { margin: 0 0 8px; }
h2 { font-size: 16px; margin: 0 0 4px; }
table { border-collapse: collapse; width: 100%; margin-bottom: 10px; }
th, td { text-align: left; padding: 4px 6px; border-bottom: 1px solid #e9edf0;
  vertical-align: baseline; }
th i { font: italic 650 16px/1 Georgia, serif; white-space: nowrap; }
td.words { color: #4a5965; font-size: 13px; }
td.number { font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.number small { display: block; font-weight: 400; color: #4a5965; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 2px 0 0 8px; font-size: 13px; }
.legend svg { margin-right: 6px; vertical-align: middle; }
.soft { color: #4a5965; margin: 0 2px; }
.refusal, .busy { position: fixed; z-index: 20; bottom: 14px; left: 50%;
  transform: translateX(-50%);
  max-width: min(46em, 94vw); width: max-content; padding: 9px 14px; border-radius: 8px; margin: 0;
  box-shadow: 0 2px 12px #0b1a2840; }
.refusal { background: #fdeae2; color: #8a2f00; }
.busy { background: #e6f1f8; color: #00476f; }
.command { background: #0b1a28; color: #e8f0f6; border-radius: 8px; padding: 10px 12px;
  margin: 0 0 8px;  white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
.studio { background: white; border-radius: 12px; padding: 14px 16px; margin-bottom: 16px;
  box-shadow: 0 1px 3px #0b1a2814; }
.strips { display: grid; gap: 8px 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
.strips figure { margin: 0; }
.strips figcaption { font-size: 13px; color: #4a5965; }
.strips img { width: 100%; image-rendering: pixelated; display: block; }
"""
