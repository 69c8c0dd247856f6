// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.javisor.devices.block.PatientDisk;
import org.javisor.vmm.Vm;

/// Pauses the machine while a disk waits for room on the host.
///
/// It has a thread of its own: a pause waits for the vCPUs, and one of them may be waiting for the very request that
/// waits for room.
final class Standstill implements PatientDisk.Listener, AutoCloseable {
    private final Vm vm;
    private final Consumer<String> reports;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("javisor-standstill").daemon().factory());

    Standstill(Vm vm, Consumer<String> reports) {
        this.vm = vm;
        this.reports = reports;
    }

    @Override
    public void full(String message) {
        reports.accept("the guest stands still: " + message + "; it goes on when there is room");
        submit(vm::pause);
    }

    @Override
    public void goesOn() {
        submit(() -> {
            vm.resume();
            reports.accept("the guest goes on");
        });
    }

    private void submit(Runnable step) {
        try {
            thread.execute(step);
        } catch (RejectedExecutionException _) {
            // The machine is being taken down: no vCPU is left to be stopped or started.
        }
    }

    @Override
    public void close() {
        thread.close();
    }
}
