// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javisor.vmm.GuestDebug.Kind;
import org.javisor.vmm.GuestDebug.Point;
import org.javisor.vmm.Vcpu;

/// The breakpoints and watchpoints that a client has set, for all vCPUs.
///
/// A software breakpoint is an INT3 in guest memory, which costs nothing until it is reached; where nothing is mapped
/// yet it is one that the processor looks for at every instruction.
final class Breakpoints {
    private static final int MAX_WATCHED_BYTES = 64;

    private final GuestView view;
    /// Each with the guest-physical address of its INT3, or -1.
    private final Map<Point, Long> points = new HashMap<>();

    Breakpoints(GuestView view) {
        this.view = view;
    }

    /// @param type 0 software, 1 hardware breakpoint; 2 write, 3 read, 4 access watchpoint
    void insert(Vcpu vcpu, int type, long address, int bytes) {
        if (type == 0) {
            long gpa = view.gpa(vcpu, address);
            boolean inMemory = view.putInt3(gpa);
            points.put(new Point(inMemory ? Kind.INT3 : Kind.EXECUTION, address, 1), inMemory ? gpa : -1);
        } else {
            parts(type, address, bytes).forEach(point -> points.put(point, -1L));
        }
    }

    void remove(int type, long address, int bytes) {
        if (type == 0) {
            remove(new Point(Kind.INT3, address, 1));
            remove(new Point(Kind.EXECUTION, address, 1));
        } else {
            parts(type, address, bytes).forEach(this::remove);
        }
    }

    private void remove(Point point) {
        Long gpa = points.remove(point);
        if (gpa != null && gpa != -1) {
            view.takeInt3(gpa);
        }
    }

    void clear() {
        List.copyOf(points.keySet()).forEach(this::remove);
    }

    List<Point> all() {
        return List.copyOf(points.keySet());
    }

    /// A range as naturally aligned points.
    private static List<Point> parts(int type, long address, int bytes) {
        Kind kind = switch (type) {
            case 1 -> Kind.EXECUTION;
            case 2 -> Kind.WRITE;
            case 3 -> Kind.READ;
            case 4 -> Kind.ACCESS;
            default -> throw new BadPacket("no breakpoints of type " + type);
        };
        if (kind == Kind.EXECUTION) {
            return List.of(new Point(kind, address, 1));
        }
        if (bytes <= 0 || bytes > MAX_WATCHED_BYTES) {
            throw new BadPacket("cannot watch " + bytes + " bytes");
        }
        List<Point> parts = new ArrayList<>();
        for (int done = 0; done < bytes; ) {
            long at = address + done;
            int size = (int) Math.min(8, at == 0 ? 8 : Long.lowestOneBit(at));
            while (size > bytes - done) {
                size /= 2;
            }
            parts.add(new Point(kind, at, size));
            done += size;
        }
        return parts;
    }
}
