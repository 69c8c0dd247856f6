// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceFuzz;
import org.javisor.testkit.FuzzRig;

/// The interrupt chips, each alone and all together with a local APIC.
class ChipsFuzzTest extends DeviceFuzz {
    private static final long LOCAL_APIC = 0xfee0_0000L;
    private static final int PAGE = 0x1000;

    @Override
    protected Map<String, Consumer<FuzzRig>> devices() {
        Map<String, Consumer<FuzzRig>> rows = new LinkedHashMap<>();
        rows.put("pit", rig -> {
            I8254 pit = new I8254(rig.clock, rig.wire());
            pit.onTone((_, hertz) -> rig.observe(hertz));
            pit.attach(rig.ports);
            rig.chip(pit::reset, pit::save, pit::restore);
        });
        rows.put("pic", rig -> {
            InterruptLine intr = rig.wire();
            I8259Pair pic = new I8259Pair(intr::set);
            pic.attach(rig.ports);
            rig.chip(pic::reset, pic::save, pic::restore)
                    .action(_ -> rig.observe(pic.acknowledge()))
                    .action(random -> {
                        int irq = random.nextInt(16);
                        pic.input(irq, true);
                        pic.input(irq, false);
                    });
        });
        rows.put("interrupt-chips", ChipsFuzzTest::all);
        return rows;
    }

    private static void all(FuzzRig rig) {
        InterruptChips chips = new InterruptChips(rig.clock, rig.ports, rig.mmio, false);
        LocalApic apic = chips.newLocalApic(0, new FakePins(rig.clock));
        rig.mmio.attach(LOCAL_APIC, PAGE, new ApicRegisters(apic), "local APIC");
        rig.chip(chips::reset, chips::save, chips::restore)
                .chip(() -> apic.mode(true, false), apic::save, apic::restore)
                .action(random -> chips.gsi(random.nextInt(24)).pulse())
                .action(random -> chips.msi().send(LOCAL_APIC, random.nextInt(1 << 16)))
                .action(_ -> rig.observe(apic.acknowledge()));
    }
}
