// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/// How many references to each cluster have been found. Sparse: an image may claim to be much larger than it is.
final class ClusterCounts {
    private static final int PAGE_BITS = 10;

    private final TreeMap<Long, int[]> pages = new TreeMap<>();
    private final long mostPages = Math.max(1024, Runtime.getRuntime().maxMemory() / 4 / (4L << PAGE_BITS));

    int get(long cluster) {
        int[] page = pages.get(cluster >>> PAGE_BITS);
        return page == null ? 0 : page[(int) cluster & (1 << PAGE_BITS) - 1];
    }

    void add(long cluster) throws IOException {
        int[] page = pages.get(cluster >>> PAGE_BITS);
        if (page == null) {
            if (pages.size() >= mostPages) {
                throw new IOException("the image is too large to be checked with this much memory");
            }
            page = new int[1 << PAGE_BITS];
            pages.put(cluster >>> PAGE_BITS, page);
        }
        page[(int) cluster & (1 << PAGE_BITS) - 1]++;
    }

    /// Whether any of `count` clusters has been counted, or a neighbour of them.
    boolean anyNear(long first, long count) {
        Long key = pages.ceilingKey(first >>> PAGE_BITS);
        return key != null && key <= first + count - 1 >>> PAGE_BITS;
    }

    /// Takes a cluster that has its count.
    @FunctionalInterface
    interface Visitor {
        void visit(long cluster, int count) throws IOException;
    }

    /// Visits, in their order, all clusters that have been counted.
    void forEach(Visitor visitor) throws IOException {
        for (Map.Entry<Long, int[]> page : pages.entrySet()) {
            int[] counts = page.getValue();
            for (int i = 0; i < counts.length; i++) {
                if (counts[i] != 0) {
                    visitor.visit((page.getKey() << PAGE_BITS) + i, counts[i]);
                }
            }
        }
    }

    /// The last cluster that has been counted, or -1.
    long last() {
        long last = -1;
        if (!pages.isEmpty()) {
            Map.Entry<Long, int[]> page = pages.lastEntry();
            for (int i = 0; i < page.getValue().length; i++) {
                last = page.getValue()[i] != 0 ? (page.getKey() << PAGE_BITS) + i : last;
            }
        }
        return last;
    }
}
