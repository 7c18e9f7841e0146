"""The articles."""

from pathlib import Path

from pydantic import BaseModel

from mainspring.config.sections.values import WebUrl


class ArticlesSettings(BaseModel):
    """Where the file of articles is, on the worker's machine, and how the registry is reached."""

    articles_file: Path = Path("articles.csv")
    articles_registry_url: WebUrl = "https://registry.example"
