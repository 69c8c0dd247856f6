// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuidModel;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig;
import org.javisor.machine.MachineExit;
import org.javisor.machine.ProcessorOptions;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Execution;
import org.javisor.vmm.pv.GuestInterface;

/// One of our engines.
///
/// @param log gets what the programs print; null for nobody
record OurJudge(Execution execution, PrintStream log) implements Judge {
    private static final int DEBUG_EXIT = 0xf4;
    /// Given the prefix these want what is particular to KVM: that its emulator knows no shadow stacks, and that x87
    /// errors are exceptions though CR0.NE is clear.
    private static final Set<String> WITHOUT_FORCED_EMULATION = Set.of("cet", "emulator");
    /// A processor that interprets has a counter as slow as itself: `pmu` wants no more than three ticks for each
    /// instruction.
    private static final int SLOW_TSC_KHZ = 100_000;
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);

    @Override
    public String name() {
        return execution.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Verdict run(Configuration configuration, Duration limit) throws InterruptedException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try {
            return run(configuration, limit, output);
        } catch (ConfigurationException e) {
            if (execution != Execution.KVM) {
                throw e;
            }
            // What the host's KVM does not have.
            return Verdict.of(Verdict.Kind.SKIP, "", e.getMessage(), 0);
        }
    }

    private Verdict run(Configuration configuration, Duration limit, ByteArrayOutputStream output)
            throws InterruptedException {
        try (LateMemory late = new LateMemory(configuration.ramBytes());
                Machine machine = machine(configuration, output, late)) {
            if (execution == Execution.INTERPRETER && isPmu(configuration)) {
                machine.vm().vcpus().forEach(vcpu -> vcpu.tscKhz(SLOW_TSC_KHZ));
            }
            TestDevices.attach(machine.vm(), configuration.cpus(), configuration.ramBytes());
            TimeLimit time = TimeLimit.ofOurs(limit);
            Thread watchdog = Thread.ofVirtual().start(() -> stopLater(machine, time));
            Thread thief = Thread.ofVirtual().unstarted(() -> late.takeAway(machine.vm()));
            if (hasLateMemory(configuration)) {
                thief.start();
            }
            MachineExit exit = machine.run();
            double seconds = time.seconds();
            thief.interrupt();
            thief.join();
            watchdog.interrupt();
            watchdog.join();
            return verdict(exit, output.toString(StandardCharsets.US_ASCII), seconds);
        }
    }

    private static boolean isPmu(Configuration configuration) {
        return configuration.file().equals("pmu.flat");
    }

    /// KVM has its host's own paging for that.
    private boolean hasLateMemory(Configuration configuration) {
        return execution != Execution.KVM && configuration.file().equals("asyncpf.flat");
    }

    private Machine machine(Configuration configuration, ByteArrayOutputStream output, LateMemory late) {
        GuestProcessor processor = GuestProcessor.parse(configuration.option("-cpu").orElse("max"));
        MachineBuilder builder = Machine.builder().cpus(configuration.cpus()).memory(configuration.ramBytes())
                .kernel(configuration.program()).commandLine(configuration.arguments())
                .protocol(MachineConfig.Protocol.MULTIBOOT).debugExit(DEBUG_EXIT)
                .onReset(MachineConfig.ResetPolicy.STOP)
                .serial(0, (bytes, from, count) -> {
                    output.write(bytes, from, count);
                    if (log != null) {
                        log.write(bytes, from, count);
                        log.flush();
                    }
                })
                .vendor(processor.vendor()).execution(execution).interfaces(interfaces(configuration, processor));
        builder.processor(new ProcessorOptions(processor.physicalBits() == 0
                ? CpuidModel.PHYSICAL_ADDRESS_BITS : processor.physicalBits(), true,
                execution != Execution.KVM && !WITHOUT_FORCED_EMULATION.contains(configuration.name()), 0));
        builder.iommu(QemuDevices.iommu(configuration)).extras(QemuDevices.extras(configuration));
        if (hasLateMemory(configuration)) {
            builder.memorySource(late);
        }
        for (CpuFeature feature : processor.withheld()) {
            builder.withoutFeature(feature.name());
        }
        return builder.build();
    }

    private static Set<GuestInterface> interfaces(Configuration configuration, GuestProcessor processor) {
        Set<GuestInterface> interfaces = EnumSet.copyOf(processor.interfaces());
        if (configuration.option("-machine").orElse("").contains("vmport=on")) {
            interfaces.add(GuestInterface.VMWARE);
        }
        return interfaces;
    }

    private static Verdict verdict(MachineExit exit, String log, double seconds) {
        return switch (exit) {
            case MachineExit.DebugExit(int status) -> Verdict.ofExit(status, log, seconds);
            case MachineExit.Stopped _ -> Verdict.of(Verdict.Kind.TIMEOUT, log, "", seconds);
            case MachineExit.Crashed(String report) -> Verdict.of(Verdict.Kind.CRASH, log,
                    "triple fault: " + report.lines().findFirst().orElse(""), seconds);
            case MachineExit.Failed(String reason) -> Verdict.of(Verdict.Kind.CRASH, log, reason, seconds);
            case MachineExit other -> Verdict.of(Verdict.Kind.CRASH, log, other.toString(), seconds);
        };
    }

    private static void stopLater(Machine machine, TimeLimit time) {
        try {
            while (!time.exceeded()) {
                Thread.sleep(LOOK_EVERY);
            }
            machine.stop();
        } catch (InterruptedException _) {
            // The program ended in time.
        }
    }
}
