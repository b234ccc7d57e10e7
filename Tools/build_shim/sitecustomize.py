"""Give back to Python 3.12 and later what the set-up file of pyradiomics 3.0.1 still asks of ``configparser``.

On PYTHONPATH only while pyradiomics is built (Tools/install.sh).
"""

import configparser

if not hasattr(configparser, "SafeConfigParser"):
    configparser.SafeConfigParser = configparser.ConfigParser
    configparser.ConfigParser.readfp = configparser.ConfigParser.read_file
