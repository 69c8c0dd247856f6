// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// What a guest reaches by connection ids: ports that take messages, and ports that take signals. Who builds a machine
/// connects its services here. Any thread.
///
/// @hyperv "Inter-Partition Communication"
public final class HvConnections {
    /// The bits that a connection id has.
    public static final int ID = 0xff_ffff;

    /// Takes the messages of a connection; on the sender's thread, and must not wait.
    @FunctionalInterface
    public interface MessagePort {
        /// @return one of [HvStatus]
        int post(HvMessage message);
    }

    /// Takes the signals of a connection; on the sender's thread, and must not wait.
    @FunctionalInterface
    public interface EventPort {
        /// @return one of [HvStatus]
        int signal();
    }

    private final Map<Integer, MessagePort> messagePorts = new ConcurrentHashMap<>();
    private final Map<Integer, EventPort> eventPorts = new ConcurrentHashMap<>();

    /// Connects a port.
    ///
    /// @return false if the id is taken
    public boolean connect(int id, MessagePort port) {
        return messagePorts.putIfAbsent(valid(id), port) == null;
    }

    /// As [#connect(int, MessagePort)].
    public boolean connect(int id, EventPort port) {
        return eventPorts.putIfAbsent(valid(id), port) == null;
    }

    private static int valid(int id) {
        if ((id & ~ID) != 0) {
            throw new IllegalArgumentException(String.format("0x%x is no connection id", id));
        }
        return id;
    }

    /// Takes the message port behind an id away, if there is one.
    public void disconnectMessages(int id) {
        messagePorts.remove(id);
    }

    /// Takes the event port behind an id away, if there is one.
    public void disconnectEvents(int id) {
        eventPorts.remove(id);
    }

    /// Null if there is none.
    MessagePort messages(int id) {
        return messagePorts.get(id);
    }

    /// Null if there is none.
    EventPort events(int id) {
        return eventPorts.get(id);
    }
}
