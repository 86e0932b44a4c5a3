"""Adding texts to the library beside plain LlamaIndex and LangChain pipelines on FAISS with the same MiniLM weights.

All sides get the same texts with their titles, ready in memory: squad2 and both sets of distractors, 8,368 in all. The
others follow their own guides with every default: each text is one passage, of which the model reads the first 256
tokens, and the index is saved to disk at the end. Ours cuts what is longer into several passages, so that it embeds
more, and commits documents, passages, the lexical index and vectors to its store. No side reads files, and each has its
model loaded before the clock starts. The sides take turns, in both orders; the best round of each counts, since
whatever else the machine does can only slow them down.

LangChain's own package for these models wants huggingface-hub below 2, which transformers 5 does not take beside it;
its class of the same name in langchain-community does the same with sentence-transformers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.report import describe
from bench.retrieval import Corpus, load
from index.chunk import chunk
from index.embed import SentenceTransformerEmbedder, installed_model
from index.ingest import embedded_texts
from index.library import Library
from index.records import NewDocument
from index.torchvision_guard import guard_torchvision

TIMES_THE_OTHERS = 2.0
OF_THE_EMBEDDER = 0.9
Side = Callable[[Path], None]


@dataclass(slots=True)
class Rates:
    """What one side did in a second, by the clock and of CPU time, a round each."""

    count: int
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, side: Side) -> None:
        """Runs a side in a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            began, cpu = time.perf_counter(), time.process_time()
            side(Path(folder))
            self.wall.append(self.count / (time.perf_counter() - began))
            self.cpu.append(self.count / (time.process_time() - cpu))


def langchain(corpus: Corpus) -> Side:
    """Returns https://docs.langchain.com/oss/python/integrations/vectorstores/faiss with the model loaded."""
    # Recorded, not shown: that the class has moved to the package that cannot be had, see above.
    with warnings.catch_warnings(record=True):
        from langchain_community.embeddings import HuggingFaceEmbeddings
        from langchain_community.vectorstores import FAISS
        from langchain_core.documents import Document

        embeddings = HuggingFaceEmbeddings(model_name=str(installed_model()))
    documents = [Document(text, metadata={"source": name}) for name, text in titled(corpus)]
    embeddings.embed_query("warm up")

    def run(folder: Path) -> None:
        store = FAISS.from_documents(documents, embeddings)
        store.save_local(str(folder))
        assert store.index.ntotal == len(corpus)

    return run


def llamaindex(corpus: Corpus) -> Side:
    """Returns https://docs.llamaindex.ai/en/stable/examples/vector_stores/FaissIndexDemo with the model loaded."""
    import faiss
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.faiss import FaissVectorStore

    model = HuggingFaceEmbedding(model_name=str(installed_model()))
    dimensions = len(model.get_text_embedding("warm up"))
    documents = [Document(text=text, id_=name) for name, text in titled(corpus)]

    def run(folder: Path) -> None:
        vectors = FaissVectorStore(faiss_index=faiss.IndexFlatL2(dimensions))
        context = StorageContext.from_defaults(vector_store=vectors)
        index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=model)
        index.storage_context.persist(str(folder))
        assert vectors.client.ntotal >= len(corpus)

    return run


OTHERS: dict[str, Callable[[Corpus], Side]] = {"langchain": langchain, "llamaindex": llamaindex}


def ours(corpus: Corpus, embedder: SentenceTransformerEmbedder) -> Side:
    """Returns what makes a library of the texts."""

    def run(folder: Path) -> None:
        library = Library.open(folder / "library", embedder)
        try:
            outcomes = library.add_documents(corpus)
            assert all(outcome.status == "added" for outcome in outcomes)
        finally:
            library.close()

    return run


def titled(corpus: Corpus) -> list[tuple[str, str]]:
    """Returns the name and the text of each document, the title in front as ours has it."""
    return [(name, f"{content.title}\n{content.pages[0].text}") for name, content in corpus]


def passages(corpus: Corpus, embedder: SentenceTransformerEmbedder) -> list[str]:
    """Returns what ours embeds."""
    found = []
    for name, content in corpus:
        chunks = chunk(content, embedder.count_tokens, embedder.max_tokens)
        found += embedded_texts(NewDocument(name, "", 0, content, tuple(chunks)))
    return found


def spread(corpus: Corpus, count: int | None) -> Corpus:
    """Returns so many of the texts from all over the sets; None takes all."""
    if count is None or count >= len(corpus):
        return corpus
    return [corpus[place * len(corpus) // count] for place in range(count)]


def report(rates: dict[str, Rates], cut: int) -> bool:
    """Prints each side's best round and the ratios; returns whether the limits held."""
    print(f"{'':12}{'texts/s by the clock':>22}{'of CPU time':>14}")
    for name, rate in rates.items():
        print(f"{name:12}{max(rate.wall):22.1f}{max(rate.cpu):14.1f}")
    held = True
    mine = rates["ours"]
    for name in rates.keys() & OTHERS.keys():
        wall, cpu = max(mine.wall) / max(rates[name].wall), max(mine.cpu) / max(rates[name].cpu)
        held &= _verdict(f"{wall:.2f} times {name} by the clock, {cpu:.2f} of CPU time", wall >= TIMES_THE_OTHERS)
    wall, cpu = max(mine.wall) / max(rates["embedder"].wall), max(mine.cpu) / max(rates["embedder"].cpu)
    what = f"{wall:.3f} of the embedder alone on the same {cut} passages by the clock, {cpu:.3f} of CPU time"
    return held & _verdict(what, wall >= OF_THE_EMBEDDER)


def _verdict(what: str, held: bool) -> bool:
    print(f"{'held' if held else 'MISSED'}: {what}")
    return held


def rounds(sides: dict[str, Side], rates: dict[str, Rates], count: int) -> None:
    """Lets the sides take turns, in both orders."""
    for number in range(count):
        names: Sequence[str] = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in names:
            rates[name].measure(sides[name])
            wall, cpu = rates[name].wall[-1], rates[name].cpu[-1]
            print(f"  {name:12}{wall:8.1f} by the clock{cpu:8.1f} a second of CPU", flush=True)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipelines", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds squad2 and distractors")
    parser.add_argument("--passages", type=int, metavar="N", help="only so many of the texts, from all over the sets")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--beside", choices=sorted(OTHERS), action="append", help="only this one; may be repeated")
    options = parser.parse_args()
    from transformers.utils.logging import disable_progress_bar

    print(describe("torch", "sentence-transformers", "llama-index-core", "langchain-community", "faiss-cpu"))
    corpus = spread(load(options.data, "squad2+distractors")[0], options.passages)
    guard_torchvision()
    disable_progress_bar()
    embedder = SentenceTransformerEmbedder()
    cut = passages(corpus, embedder)
    print(f"{len(corpus)} texts, of which ours makes {len(cut)} passages")
    sides: dict[str, Side] = {"ours": ours(corpus, embedder), "embedder": lambda folder: _embed(embedder, cut)}
    sides |= {name: OTHERS[name](corpus) for name in options.beside or OTHERS}
    embedder.warm()
    rates = {name: Rates(len(corpus)) for name in sides}
    rounds(sides, rates, options.rounds)
    return 0 if report(rates, len(cut)) else 1


def _embed(embedder: SentenceTransformerEmbedder, texts: list[str]) -> None:
    embedder.embed(texts)


if __name__ == "__main__":
    sys.exit(main())
