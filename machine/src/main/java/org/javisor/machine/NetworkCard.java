// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;

/// A network card, and what its cable leads to.
///
/// @param address null for one that Javisor makes up from the card's number
/// @param rom     what firmware runs to boot from the network; empty for none
public record NetworkCard(Model model, MacAddress address, Cable cable, byte[] rom) {
    /// Where frames go.
    public sealed interface Cable {
        /// The network inside this process.
        record User(UserNetwork.Settings settings) implements Cable { }

        /// A Unix socket on which somebody else carries frames.
        record Socket(Path path) implements Cable { }
    }
}
