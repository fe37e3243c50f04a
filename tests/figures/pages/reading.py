"""A page as a reader meets it: its elements, its tables, and the words of each section."""

import html.parser


class Read(html.parser.HTMLParser):
    """Tags with their attributes, words by section, and tables by caption as rows of cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.tables = [], {}, {}
        self._section, self._silent = "header", False
        self._caption, self._rows = None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag == "section":
            self._section = found["id"]
        elif tag == "caption":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        elif tag == "small" and self._rows:
            self._rows[-1][-1] += " "
        self._silent = tag in ("style", "script")

    def handle_endtag(self, tag):
        self._silent = False
        if tag == "table":
            self.tables[self._caption], self._rows = self._rows, []

    def handle_data(self, data):
        if self._silent:
            return
        self.words[self._section] = self.words.get(self._section, "") + data
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += data
        elif self._caption == "":
            self._caption = data

    def answers(self):
        """Classes of the heading and of the answers below it."""
        return [found["class"] for tag, found in self.tags if "answer" in str(found.get("class"))
                or found.get("id") == "answer"]  # fmt: skip
