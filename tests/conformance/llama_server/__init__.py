"""llama.cpp's own tests of its HTTP server, pointed at ours.

    make conformance-llama-server                                        all files, with llama-server itself beside it
    .venv/bin/python -m tests.conformance.llama_server test_basic.py     one file

The suite is that of the pinned source distribution (suite.py). Its tests start a server by llama-server's command line:
flags.py says the same in our settings and models.json, launch.py starts it. The models that the suite names are not
here, so tiny ones with random weights stand for them (models.py); what a test says of their text or of the number of
their tokens can't hold. Therefore llama-server runs the same tests on the same models: what it fails, too, is not ours.
"""
