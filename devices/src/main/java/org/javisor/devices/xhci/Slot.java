// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.DmaSpace;

/// A slot that a driver has enabled: what the controller knows of one device, and the context in which it tells the
/// driver.
///
/// Guarded by the controller's engine.
///
/// @xhci 1.1 §4.5 "Device Slot", §6.2.2 "Slot Context"
public final class Slot {
    /// States, as a context has them; a slot that has just been enabled has the first too.
    static final int DISABLED = 0, DEFAULT = 1, ADDRESSED = 2, CONFIGURED = 3;
    private static final int STATE_SHIFT = 27, ENTRIES_SHIFT = 27, ENDPOINT_STATE = 7;

    /// @param context where the device context is; 0 before the device has an address
    /// @param port    number of the root port, from 1 on; 0 before there is one
    public record State(int id, int state, long context, int port, List<Endpoint.State> endpoints) {
        public State {
            if (id < 1 || id > XhciLayout.MAX_SLOTS || state < DISABLED || state > CONFIGURED || port < 0
                    || port > XhciLayout.MAX_PORTS || state != DISABLED && (port == 0 || endpoints.isEmpty())) {
                throw new IllegalArgumentException("xHCI slot " + id + " in state " + state);
            }
            endpoints = List.copyOf(endpoints);
        }
    }

    private final DmaSpace memory;
    private final int id;
    private final Endpoint[] endpoints = new Endpoint[XhciLayout.ENDPOINTS];
    private int state;
    private long context;
    private int port;

    Slot(DmaSpace memory, int id) {
        this.memory = memory;
        this.id = id;
    }

    int id() {
        return id;
    }

    int state() {
        return state;
    }

    int port() {
        return port;
    }

    /// The endpoint of that device context index, or null.
    Endpoint endpoint(int number) {
        return number > 0 && number < endpoints.length ? endpoints[number] : null;
    }

    /// Of the endpoints in `bits` those that run.
    int running(int bits) {
        int running = 0;
        for (int number = 1; number < endpoints.length; number++) {
            if ((bits >>> number & 1) != 0 && endpoints[number] != null
                    && endpoints[number].state() == Endpoint.RUNNING) {
                running |= 1 << number;
            }
        }
        return running;
    }

    void put(int number, Endpoint endpoint) {
        endpoints[number] = endpoint;
    }

    /// Takes the device on a port, whose context is at `context`.
    void place(int newPort, long newContext) {
        port = newPort;
        context = newContext;
    }

    void state(int next) {
        state = next;
    }

    boolean hasContext() {
        return context != 0;
    }

    // ---- the context in guest memory ----

    private long endpointContext(int number) {
        return context + (long) XhciLayout.CONTEXT_BYTES * number;
    }

    /// Copies a slot context from an input context.
    void copyContext(long from) {
        byte[] content = new byte[XhciLayout.CONTEXT_BYTES];
        memory.load(from, content, 0, content.length);
        memory.store(context, content);
    }

    /// Tells the slot's state.
    ///
    /// @param address of the device
    void tellState(int address) {
        memory.storeInt(context + 12, address | state << STATE_SHIFT);
    }

    int address() {
        return memory.loadInt(context + 12) & 0xff;
    }

    /// Tells how many contexts are in use: up to the highest endpoint's.
    void tellEntries() {
        int last = 1;
        for (int i = 1; i < endpoints.length; i++) {
            last = endpoints[i] != null ? i : last;
        }
        memory.storeInt(context, memory.loadInt(context) & (1 << ENTRIES_SHIFT) - 1 | last << ENTRIES_SHIFT);
    }

    /// Tells an endpoint's state and where its ring is.
    void tell(Endpoint endpoint) {
        long at = endpointContext(endpoint.number());
        memory.storeInt(at, memory.loadInt(at) & ~ENDPOINT_STATE | endpoint.state());
        memory.storeLong(at + 8, endpoint.ring().pointerAndCycle());
    }

    /// Copies an endpoint context from an input context, and tells the state.
    void copyContext(long from, Endpoint endpoint) {
        byte[] content = new byte[XhciLayout.CONTEXT_BYTES];
        memory.load(from, content, 0, content.length);
        memory.store(endpointContext(endpoint.number()), content);
        tell(endpoint);
    }

    void tellDisabled(int number) {
        long at = endpointContext(number);
        memory.storeInt(at, memory.loadInt(at) & ~ENDPOINT_STATE);
    }

    void tellPacketBytes(Endpoint endpoint) {
        long at = endpointContext(endpoint.number()) + 4;
        memory.storeInt(at, memory.loadInt(at) & 0xffff | endpoint.packetBytes() << 16);
    }

    State save() {
        List<Endpoint.State> saved = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint != null) {
                saved.add(endpoint.save());
            }
        }
        return new State(id, state, context, port, saved);
    }

    /// All but the endpoints.
    void load(State saved) {
        state = saved.state;
        context = saved.context;
        port = saved.port;
    }
}
