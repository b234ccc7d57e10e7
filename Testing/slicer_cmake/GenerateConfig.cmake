# Slicer writes <extension>Config.cmake here, for extensions that build on this one; nothing to stand in for.
