import pytest

from rdfer.datasets import DATASETS
from rdfer.datasets.dataset import describe
from rdfer.datasets.tables import padded
from rdfer.studies import real_results


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_tells_what_it_is(name):
    dataset = DATASETS[name]
    text = "\n".join(describe(dataset))
    assert dataset.title in text and dataset.licence in text and dataset.layout[0] in text
    for known in dataset.known:
        assert set(known.classes) <= set(dataset.classes)
        whole = len(known.classes) == len(dataset.classes)
        assert sum(known.classes.values()) == known.videos or not whole
        assert known.fold in (0, *dataset.folds)


@pytest.mark.parametrize(("name", "id"), [("7", "00007"), ("00007.mp4", "00007"), ("a/b", "a/b")])
def test_names_of_clips_in_a_file_of_groups(name, id):
    assert padded(name) == id


def test_results_on_real_sets_are_of_the_same_folds():
    titles = {dataset.title: dataset.folds for dataset in DATASETS.values()}
    assert {title: titles[title] for title in real_results.FOLDS} == real_results.FOLDS


def test_the_options_of_a_set_are_told():
    told = {name: describe(dataset)[-1].split() for name, dataset in DATASETS.items()}
    assert told["dfew"] == ["options", "--clips", "--lists", "--order", "--zero-based"]
    assert told["ravdess"] == ["options", "--seed"]
    assert told["afew"][0] != "options"
