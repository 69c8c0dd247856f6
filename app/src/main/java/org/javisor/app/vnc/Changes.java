// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.devices.vga.Screen;

/// Which parts of a picture are not what they were, in tiles of 32 by 16 pixels: tiles side by side become one area,
/// and areas of the same columns below each other as well. A character typed and a clock that ticks are two small
/// areas.
final class Changes {
    static final int TILE_WIDTH = 32, TILE_HEIGHT = 16;

    private Changes() { }

    /// @param before of the same size as `now`
    /// @return areas that do not overlap, none if nothing has changed
    static List<Area> between(Screen.Frame before, Screen.Frame now) {
        if (before == now) {
            return List.of();
        }
        List<Area> done = new ArrayList<>();
        List<Area> above = List.of();
        int columns = (now.width() + TILE_WIDTH - 1) / TILE_WIDTH;
        boolean[] changed = new boolean[columns];
        for (int y = 0; y < now.height(); y += TILE_HEIGHT) {
            int height = Math.min(TILE_HEIGHT, now.height() - y);
            boolean any = false;
            for (int line = y; line < y + height; line++) {
                any |= mark(before.pixels(), now.pixels(), line * now.width(), now.width(), changed);
            }
            above = below(above, any ? runs(changed, y, height, now.width()) : List.of(), done);
            Arrays.fill(changed, false);
        }
        done.addAll(above);
        return done;
    }

    /// Marks the tiles in which a line differs.
    private static boolean mark(int[] before, int[] now, int from, int width, boolean[] changed) {
        int at = 0;
        boolean any = false;
        while (at < width) {
            int next = Arrays.mismatch(before, from + at, from + width, now, from + at, from + width);
            if (next < 0) {
                break;
            }
            int column = (at + next) / TILE_WIDTH;
            changed[column] = true;
            any = true;
            at = (column + 1) * TILE_WIDTH;
        }
        return any;
    }

    private static List<Area> runs(boolean[] changed, int y, int height, int width) {
        List<Area> runs = new ArrayList<>();
        for (int column = 0; column < changed.length; column++) {
            if (changed[column]) {
                int first = column;
                while (column < changed.length && changed[column]) {
                    column++;
                }
                int x = first * TILE_WIDTH;
                runs.add(new Area(x, y, Math.min(column * TILE_WIDTH, width) - x, height));
            }
        }
        return runs;
    }

    /// Has the areas that end above `row` grow into it where the columns are the same; the others are done.
    private static List<Area> below(List<Area> above, List<Area> row, List<Area> done) {
        List<Area> open = new ArrayList<>();
        for (Area run : row) {
            Area grown = run;
            for (Area area : above) {
                if (area.x() == run.x() && area.width() == run.width()) {
                    grown = new Area(area.x(), area.y(), area.width(), area.height() + run.height());
                }
            }
            open.add(grown);
        }
        for (Area area : above) {
            if (open.stream().noneMatch(o -> o.x() == area.x() && o.y() == area.y() && o.width() == area.width())) {
                done.add(area);
            }
        }
        return open;
    }
}
