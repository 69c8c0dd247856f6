// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.devices.net.SocketNetwork;
import org.javisor.devices.net.e1000.E1000;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.devices.pci.PciFunction;
import org.javisor.machine.NetworkCard.Cable;
import org.javisor.vmm.Vm;

/// The network cards in the PCI slots, each with a thread that sends and a network behind it.
final class NetworkDevices implements AutoCloseable {
    /// A range of addresses that virtual machines use by tradition.
    private static final long FIRST_ADDRESS = 0x5254_0012_3456L;

    private final MachineConfig config;
    private final Vm vm;
    private final DeviceThreads senders = new DeviceThreads();
    private final List<NetworkBackend> networks = new CopyOnWriteArrayList<>();
    private final AtomicInteger cards = new AtomicInteger();

    /// @throws org.javisor.memory.ConfigurationException if a network cannot be had; nothing stays open then
    NetworkDevices(MachineConfig config, Vm vm, ExpansionSlots slots, BootDevices boot) {
        this.config = config;
        this.vm = vm;
        try {
            for (NetworkCard card : config.networkCards()) {
                add(card, slots, boot);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void add(NetworkCard card, ExpansionSlots slots, BootDevices boot) {
        Connected connected = connect(card);
        slots.install(connected.function);
        boot.add(BootOrder.Kind.NETWORK, BootOrder.NONE, connected.function, "ethernet", "ethernet-phy@0");
    }

    /// A card with what is behind it.
    private record Connected(PciFunction function, NetworkBackend network, ExecutorService sender) { }

    private Connected connect(NetworkCard card) {
        int number = cards.getAndIncrement();
        NetworkBackend network = open(card.cable());
        networks.add(network);
        MacAddress address = card.address() == null ? new MacAddress(FIRST_ADDRESS + number) : card.address();
        ExecutorService sender = senders.start("network-" + number);
        E1000 device = new E1000(card.model(), address, vm.memory(), vm.clock(), network, sender);
        if (card.rom().length > 0) {
            device.addRom(card.rom());
        }
        return new Connected(device.function(), network, sender);
    }

    /// Puts a card into the running machine.
    Plugged plug(NetworkCard card, Hotplug hotplug) {
        Connected connected = connect(card);
        return hotplug.plug(connected.function, () -> {
            senders.end(connected.sender);
            networks.remove(connected.network);
            connected.network.close();
        });
    }

    private NetworkBackend open(Cable cable) {
        return switch (cable) {
            case Cable.User(UserNetwork.Settings settings) -> new UserNetwork(settings);
            case Cable.Socket(var path) -> new SocketNetwork(path, config.reports());
        };
    }

    /// Ends senders and networks. No vCPU may be running.
    @Override
    public void close() {
        senders.close();
        networks.forEach(NetworkBackend::close);
    }
}
