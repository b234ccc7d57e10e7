"""Methods of Qt 6.8 that Qt 5.15, which Slicer 5.13 is built with, does not have: refused.

By the declarations that PySide2 5.15 and PySide6 6.8 ship; signals and properties added one by one.
"""

from __future__ import annotations

_METHODS = """
QAbstractItemModel: clearItemData multiData
QAbstractItemView: initViewItemOption itemDelegateForIndex
QAction: associatedObjects
QCalendarWidget: clearMaximumDate clearMinimumDate
QCheckBox: checkStateChanged
QCoreApplication: checkPermission requestPermission
QDateTimeEdit: setTimeZone timeZone
QFontComboBox: sampleTextForFont sampleTextForSystem setDisplayFont setSampleTextForFont setSampleTextForSystem
QFormLayout: isRowVisible setRowVisible
QGuiApplication: setBadgeNumber
QHeaderView: initStyleOptionForIndex isSortIndicatorClearable setSortIndicatorClearable sortIndicatorClearable
QKeySequenceEdit: finishingKeyCombinations isClearButtonEnabled maximumSequenceLength setClearButtonEnabled
QLayout: unsetContentsMargins
QMenu: menuInAction
QMessageBox: options setOption setOptions testOption
QObject: isQuickItemType
QProcess: failChildProcessModifier setUnixProcessParameters unixProcessParameters
QSortFilterProxyModel: autoAcceptChildRows invalidateColumnsFilter invalidateRowsFilter setAutoAcceptChildRows
QStyle: name
QStyleHints: colorScheme setColorScheme unsetColorScheme
QThread: isCurrentThread isMainThread
QTimer: id
QWidget: setScreen
"""

QT6_ONLY: dict[str, frozenset[str]] = {
    line.partition(":")[0]: frozenset(line.partition(":")[2].split()) for line in _METHODS.strip().splitlines()
}


def is_qt6_only(cls: type, name: str) -> bool:
    """Whether objects of this class have the member in Qt 6 only."""
    return any(name in QT6_ONLY.get(base.__name__, ()) for base in cls.__mro__)
