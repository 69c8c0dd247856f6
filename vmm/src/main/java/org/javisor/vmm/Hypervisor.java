// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Where virtual machines come from.
///
/// ```java
/// try (Hypervisor hypervisor = Hypervisor.open();
///      Vm vm = hypervisor.createVm();
///      Ram ram = Ram.allocate(1 << 20)) {
///     vm.memory().addSlot(0, 0, ram);
///     vm.memory().store(0x1000, code);
///     Vcpu vcpu = vm.createVcpu(0);
///     vcpu.registers().realMode(0x1000);
///     while (true) {
///         switch (vcpu.run()) {
///             case VmExit.PortWrite w when w.port() == 0x3f8 -> System.out.write(w.data8());
///             case VmExit.Halt _ -> { return; }
///             ...
/// ```
///
/// Safe for use by several threads.
public final class Hypervisor implements AutoCloseable {
    private final Engine engine;
    private final List<Vm> vms = new ArrayList<>();

    Hypervisor(Engine engine) {
        this.engine = engine;
    }

    /// The best engine that this host can run, [EngineKind#AUTO].
    public static Hypervisor open() {
        return open(EngineKind.AUTO);
    }

    /// @throws org.javisor.memory.ConfigurationException if this host cannot run the engine, saying what it lacks
    public static Hypervisor open(EngineKind kind) {
        return new Hypervisor(switch (kind) {
            case SOFTWARE -> new SoftwareEngine();
            case KVM -> KvmEngine.open();
            case AUTO -> KvmProbe.result().isUsable() ? KvmEngine.open() : new SoftwareEngine();
        });
    }

    /// `software` or `kvm`.
    public String engine() {
        return engine.name();
    }

    /// What the engine can do of that which not every engine can.
    public Set<Capability> capabilities() {
        return Set.copyOf(engine.capabilities());
    }

    /// A bare machine, [VmConfig#BARE].
    public Vm createVm() {
        return createVm(VmConfig.BARE);
    }

    public synchronized Vm createVm(VmConfig config) {
        Vm vm = new Vm(engine, config);
        vms.add(vm);
        return vm;
    }

    /// Closes every machine that is still open. No vCPU may be running.
    @Override
    public synchronized void close() {
        vms.forEach(Vm::close);
        vms.clear();
        engine.close();
    }
}
