"""What an image is made of, as a bill of materials: CycloneDX 1.6, and a list of licences for people.

`collect.py` picks out of an image's layers the files that say what is installed; `debian.py`, `python.py`, `golang.py`
and `native.py` read them, `document.py` writes CycloneDX, `licences.py` the list, `attach.py` puts it beside the image
in its registry.
All is read from the image as it was pushed, nothing from this checkout: last year's image is described as it is.
Nothing of the image is run, and nothing here asks whether a component has known holes.
"""
