// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.List;
import java.util.ServiceLoader;
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
public interface Hypervisor extends AutoCloseable {
    /// Who knows how to open one kind of engine: found as a service, so that nothing here needs an engine.
    interface Provider {
        /// Not [EngineKind#AUTO].
        EngineKind kind();

        /// Whether [EngineKind#AUTO] is this one rather than software.
        boolean isPreferred();

        /// @throws org.javisor.memory.ConfigurationException if this host cannot run it, saying what it lacks
        Hypervisor open();
    }

    /// The best engine that this host can run, [EngineKind#AUTO].
    static Hypervisor open() {
        return open(EngineKind.AUTO);
    }

    /// @throws org.javisor.memory.ConfigurationException if this host cannot run the engine, saying what it lacks
    static Hypervisor open(EngineKind kind) {
        List<Provider> providers = ServiceLoader.load(Provider.class, Hypervisor.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get).toList();
        EngineKind wanted = kind != EngineKind.AUTO ? kind : providers.stream().filter(Provider::isPreferred)
                .map(Provider::kind).findFirst().orElse(EngineKind.SOFTWARE);
        return providers.stream().filter(provider -> provider.kind() == wanted).findFirst().orElseThrow().open();
    }

    /// `software` or `kvm`.
    String engine();

    /// What the engine can do of that which not every engine can.
    Set<Capability> capabilities();

    /// A bare machine, [VmConfig#BARE].
    default Vm createVm() {
        return createVm(VmConfig.BARE);
    }

    /// A machine without memory, devices or processors.
    ///
    /// @throws org.javisor.memory.ConfigurationException if the engine cannot make it so, saying what it lacks
    /// @throws IllegalStateException if the hypervisor is closed
    Vm createVm(VmConfig config);

    /// Closes every machine that is still open, as [Vm#close] does. Does nothing the second time.
    @Override
    void close();
}
