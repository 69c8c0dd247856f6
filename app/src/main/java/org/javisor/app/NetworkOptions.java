// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.devices.net.user.UserNetwork.Forward;
import org.javisor.machine.NetworkCard;
import org.javisor.machine.NetworkCard.Cable;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// The options of `javisor run` that give the guest network cards.
final class NetworkOptions {
    private static final String MEANT = "user or socket=PATH, then model=e1000 or e1000e, mac=ADDRESS, and for user"
            + " forward=HOSTPORT:GUESTPORT, files=DIRECTORY and boot=NAME are meant";
    private static final int NAME_SERVICE = 53;
    private static final Path RESOLVER = Path.of("/etc/resolv.conf");

    @Option(names = "--nic", paramLabel = "NETWORK[,OPTION...]", description = "Network card; repeatable. NETWORK is"
            + " user (the guest reaches what this host reaches, no privilege needed) or socket=PATH (frames to a Unix"
            + " socket, such as passt's). Options: model=e1000 (the default) or e1000e, mac=ADDRESS; with user also"
            + " forward=HOSTPORT:GUESTPORT (from this host's loopback interface to the guest, repeatable),"
            + " files=DIRECTORY (given out by TFTP) and boot=NAME (the file in it to boot).")
    private List<String> cards = List.of();

    /// @param firmware whether it is firmware that starts, which may boot from the network
    List<NetworkCard> cards(boolean firmware, Consumer<String> progress) {
        return cards.stream().map(text -> card(text, firmware, progress)).toList();
    }

    private static NetworkCard card(String text, boolean firmware, Consumer<String> progress) {
        String[] words = text.split(",");
        Model model = Model.I82540EM;
        MacAddress address = null;
        Path files = null;
        String boot = "";
        List<Forward> forwards = new ArrayList<>();
        boolean user = words[0].equals("user");
        if (!user && !words[0].matches("socket=.+")) {
            throw wrong(text, words[0]);
        }
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            String value = pair.length == 2 ? pair[1] : "";
            if (!user && Set.of("forward", "files", "boot").contains(pair[0])) {
                throw wrong(text, words[i]);
            }
            switch (pair[0]) {
                case "model" -> model = model(text, value);
                case "mac" -> address = MacAddress.parse(value);
                case "forward" -> forwards.add(forward(text, value));
                case "files" -> files = directory(value);
                case "boot" -> boot = value;
                default -> throw wrong(text, words[i]);
            }
        }
        Cable cable = user ? new Cable.User(new UserNetwork.Settings(forwards, files, boot, nameServer()))
                : new Cable.Socket(Path.of(words[0].substring("socket=".length())));
        byte[] rom = firmware ? DebianFirmware.networkBoot(model.driver(), Cache.of(System.getenv()), progress)
                : new byte[0];
        return new NetworkCard(model, address, cable, rom);
    }

    private static ConfigurationException wrong(String text, String word) {
        return new ConfigurationException("--nic " + text + ": " + word + " is not understood; " + MEANT);
    }

    private static Model model(String text, String name) {
        for (Model model : Model.values()) {
            if (model.driver().equals(name)) {
                return model;
            }
        }
        throw wrong(text, "model=" + name);
    }

    private static Forward forward(String text, String ports) {
        if (!ports.matches("\\d{1,5}:\\d{1,5}")) {
            throw wrong(text, "forward=" + ports);
        }
        int colon = ports.indexOf(':');
        return new Forward(Integer.parseInt(ports.substring(0, colon)), Integer.parseInt(ports.substring(colon + 1)));
    }

    private static Path directory(String name) {
        Path path = Path.of(name).toAbsolutePath().normalize();
        if (!Files.isDirectory(path)) {
            throw new ConfigurationException("--nic files=" + name + ": no such directory");
        }
        return path;
    }

    /// The first name server that the host's programs ask; null if it says none.
    private static InetSocketAddress nameServer() {
        try (Stream<String> lines = Files.lines(RESOLVER)) {
            return lines.map(line -> line.strip().split("\\s+")).filter(words -> words.length > 1
                    && words[0].equals("nameserver") && words[1].matches("[0-9.]+")).findFirst()
                    .map(words -> new InetSocketAddress(words[1], NAME_SERVICE)).orElse(null);
        } catch (IOException _) {
            return null;
        }
    }
}
