// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.util.ArrayList;
import java.util.List;

/// A rectangle of pixels.
record Area(int x, int y, int width, int height) {
    Area {
        if (x < 0 || y < 0 || width < 0 || height < 0) {
            throw new IllegalArgumentException("an area of " + width + " by " + height + " at " + x + ", " + y);
        }
    }

    int right() {
        return x + width;
    }

    int bottom() {
        return y + height;
    }

    int pixels() {
        return width * height;
    }

    /// What of it is left of `maxWidth` and above `maxHeight`; perhaps nothing.
    Area within(int maxWidth, int maxHeight) {
        int left = Math.min(x, maxWidth);
        int top = Math.min(y, maxHeight);
        return new Area(left, top, Math.min(right(), maxWidth) - left, Math.min(bottom(), maxHeight) - top);
    }

    /// The same area in tiles, row by row; those at the right and at the bottom may be smaller.
    List<Area> tiles(int tileWidth, int tileHeight) {
        List<Area> tiles = new ArrayList<>();
        for (int top = y; top < bottom(); top += tileHeight) {
            for (int left = x; left < right(); left += tileWidth) {
                tiles.add(new Area(left, top, Math.min(tileWidth, right() - left),
                        Math.min(tileHeight, bottom() - top)));
            }
        }
        return tiles;
    }
}
