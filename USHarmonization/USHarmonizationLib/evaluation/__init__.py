"""Measure harmonizers: folders of images in, tables, figures and one report out.

``settings`` says what is asked, ``folders`` which files belong together, ``measure`` what is measured of one image,
``summary`` what follows of all, ``tables`` and ``drawings`` write it down, ``run`` does one after the other.
"""
