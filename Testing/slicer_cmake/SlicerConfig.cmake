# Stands in for the CMake package of a Slicer build, so that a test runs the extension's own CMake code.
#
# It takes what Slicer's macros take, and stops at what they stop at: unknown keywords, files that are not there, a
# project of another name. Unlike Slicer it copies the files while it configures, and compiles nothing.
set(Slicer_FOUND TRUE)
set(Slicer_USE_FILE ${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${CMAKE_CURRENT_LIST_DIR}/GenerateConfig.cmake)
set(Slicer_EXTENSION_CPACK ${CMAKE_CURRENT_LIST_DIR}/Package.cmake)
