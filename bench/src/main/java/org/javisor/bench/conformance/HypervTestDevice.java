// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.memory.BusDevice;
import org.javisor.vmm.pv.HvConnections;
import org.javisor.vmm.pv.HvPartition;

/// QEMU's `hyperv-testdev`: a port by which a guest connects ports of its own to sources of its SynICs, and interrupts
/// by sources.
///
/// ```
///  31         24 23      16 15        8 7       0
///  connection    command    processor   source
/// ```
///
/// A source can interrupt while it has a route, which commands 1 and 2 make and take away.
final class HypervTestDevice implements BusDevice {
    static final int PORT = 0x3000, PORTS = 4;
    private static final int CREATE_ROUTE = 1, DESTROY_ROUTE = 2, RAISE = 3, CONNECT_MESSAGES = 4,
            DISCONNECT_MESSAGES = 5, CONNECT_EVENTS = 6, DISCONNECT_EVENTS = 7;

    private final HvPartition partition;
    private final Set<Integer> routes = ConcurrentHashMap.newKeySet();

    HypervTestDevice(HvPartition partition) {
        this.partition = partition;
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        int route = (int) value & 0xffff;
        int sint = route & 0xff, processor = route >> 8;
        int connection = (int) (value >>> 24) & 0xff;
        HvConnections connections = partition.connections();
        switch ((int) (value >>> 16) & 0xff) {
            case CREATE_ROUTE -> routes.add(route);
            case DESTROY_ROUTE -> routes.remove(route);
            case RAISE -> {
                if (routes.contains(route)) {
                    partition.raise(processor, sint);
                }
            }
            case CONNECT_MESSAGES -> connections.connect(connection, partition.messagePort(processor, sint));
            case DISCONNECT_MESSAGES -> connections.disconnectMessages(connection);
            case CONNECT_EVENTS -> connections.connect(connection, partition.eventPort(processor, sint, connection));
            case DISCONNECT_EVENTS -> connections.disconnectEvents(connection);
            default -> { }
        }
    }
}
