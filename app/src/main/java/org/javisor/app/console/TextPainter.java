// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import org.javisor.devices.vga.TextScreen;

/// Draws a PC's text screen on a terminal: what has changed since the last time, in the terminal's own sixteen colours.
///
/// @ecma ECMA-48 "Control Functions for Coded Character Sets"
final class TextPainter {
    private static final String CLEAR = "\033[0m\033[2J", HIDE_CURSOR = "\033[?25l", SHOW_CURSOR = "\033[?25h";
    /// A terminal counts colours with red as 1 and blue as 4, a PC the other way round.
    private static final int[] COLOURS = {0, 4, 2, 6, 1, 5, 3, 7};
    private static final int NONE = -1;

    private final StringBuilder out = new StringBuilder();
    private TextScreen shown;
    private int shownRows;
    private int shownColumns;
    private int shownTop;
    private int look = NONE;
    private int row;
    private int column;

    /// Has the next picture drawn as a whole.
    void forget() {
        shown = null;
    }

    /// What to send to a terminal of this size so that it shows `screen`; where it is too small, the part that the
    /// cursor is in. Empty if it does already.
    String paint(TextScreen screen, int rows, int columns) {
        out.setLength(0);
        int visible = Math.min(rows, screen.rows());
        int cursorRow = screen.cursor() < 0 ? 0 : screen.cursor() / screen.columns();
        int top = Math.clamp(cursorRow - visible + 1L, 0, screen.rows() - visible);
        boolean whole = shown == null || !shown.sameSize(screen) || rows != shownRows || columns != shownColumns
                || top != shownTop;
        if (!whole && shown.equals(screen)) {
            return "";
        }
        out.append(HIDE_CURSOR);
        if (whole) {
            out.append(CLEAR);
            look = NONE;
        }
        row = NONE;
        for (int y = top; y < top + visible; y++) {
            for (int x = 0; x < Math.min(columns, screen.columns()); x++) {
                int cell = y * screen.columns() + x;
                if (whole || !shown.same(screen, cell)) {
                    cell(screen, cell, y - top, x);
                }
            }
        }
        cursor(screen, top, visible, columns);
        shown = screen;
        shownRows = rows;
        shownColumns = columns;
        shownTop = top;
        return out.toString();
    }

    private void cell(TextScreen screen, int cell, int y, int x) {
        if (y != row || x != column) {
            move(y, x);
        }
        int wanted = screen.foreground(cell) | screen.background(cell) << 4 | (screen.blinking(cell) ? 0x100 : 0);
        if (wanted != look) {
            look(screen.foreground(cell), screen.background(cell), screen.blinking(cell));
            look = wanted;
        }
        out.append(screen.character(cell));
        row = y;
        column = x + 1;
    }

    private void move(int y, int x) {
        out.append("\033[").append(y + 1).append(';').append(x + 1).append('H');
    }

    private void look(int foreground, int background, boolean blinking) {
        out.append("\033[0;").append((foreground < 8 ? 30 : 90) + COLOURS[foreground & 7]).append(';')
                .append((background < 8 ? 40 : 100) + COLOURS[background & 7]).append(blinking ? ";5m" : "m");
    }

    private void cursor(TextScreen screen, int top, int visible, int columns) {
        if (screen.cursor() < 0) {
            return;
        }
        int y = screen.cursor() / screen.columns() - top;
        int x = screen.cursor() % screen.columns();
        if (y >= 0 && y < visible && x < columns) {
            move(y, x);
            out.append(SHOW_CURSOR);
        }
    }
}
