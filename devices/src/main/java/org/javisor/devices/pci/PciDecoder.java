// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.javisor.memory.IoBus;

/// Who answers to which address: it keeps the machine's ports and its memory addresses in line with what bridges place,
/// the BARs of all functions, and the windows of the bridges before them.
///
/// Where claims overlap, what bridges place comes before BARs, and functions come in the order of their places on the
/// buses: so registers alone decide, not the order in which they were written.
final class PciDecoder {
    private final PciBus root;
    private final IoBus ports;
    private final IoBus mmio;
    private final long mmioLimit;
    private final List<MovableRange> movable = new CopyOnWriteArrayList<>();
    private List<Claim.Place> wanted = List.of();
    private final List<Claim> attached = new ArrayList<>();

    /// @param mmioLimit the highest guest-physical address that a BAR may claim
    PciDecoder(PciBus root, IoBus ports, IoBus mmio, long mmioLimit) {
        this.root = root;
        this.ports = ports;
        this.mmio = mmio;
        this.mmioLimit = mmioLimit;
    }

    void add(MovableRange range) {
        movable.add(range);
    }

    IoBus bus(Bar.Kind kind) {
        return kind == Bar.Kind.IO ? ports : mmio;
    }

    long limit(Bar.Kind kind) {
        return kind == Bar.Kind.IO ? 0xffff : mmioLimit;
    }

    /// Takes over what has changed in the configuration of any function.
    synchronized void update() {
        List<Claim.Place> places = new ArrayList<>();
        movable.forEach(range -> range.collect(places));
        root.everyFunction().forEach(function -> function.collectClaims(this, places));
        if (places.equals(wanted)) {
            return;
        }
        wanted = places;
        List<Claim.Place> granted = granted(places);
        attached.removeIf(claim -> {
            boolean goes = granted.stream().noneMatch(claim::isAt);
            if (goes) {
                claim.leave();
            }
            return goes;
        });
        for (Claim.Place place : granted) {
            if (!place.claim().attached()) {
                place.claim().join(place);
                if (place.claim().attached()) {
                    attached.add(place.claim());
                }
            }
        }
    }

    private static List<Claim.Place> granted(List<Claim.Place> places) {
        List<Claim.Place> granted = new ArrayList<>();
        for (Claim.Place place : places) {
            if (granted.stream().noneMatch(place::overlaps)) {
                granted.add(place);
            }
        }
        return granted;
    }
}
