// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Verdicts by configuration and judge, kept in a file of tab-separated lines, so that a run of some configurations
/// replaces what is known of these and nothing else.
final class Results {
    private record Key(String tree, String configuration, String judge) { }

    private final Path file;
    private final Map<Key, Verdict> verdicts = new LinkedHashMap<>();

    private Results(Path file) {
        this.file = file;
    }

    static Results open(Path file) throws IOException {
        Results results = new Results(file);
        results.load();
        return results;
    }

    private void load() throws IOException {
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] fields = line.split("\t", -1);
                verdicts.put(new Key(fields[0], fields[1], fields[2]),
                        new Verdict(Verdict.Kind.valueOf(fields[3]), Integer.parseInt(fields[4]),
                                Integer.parseInt(fields[5]), Double.parseDouble(fields[6]), fields[7]));
            }
        }
    }

    private static Key key(Configuration configuration, String judge) {
        return new Key(configuration.tree().getFileName().toString(), configuration.name(), judge);
    }

    /// Another run may have found something meanwhile, too.
    void put(Configuration configuration, String judge, Verdict verdict) throws IOException {
        load();
        verdicts.put(key(configuration, judge), verdict);
        List<String> lines = new ArrayList<>();
        verdicts.forEach((key, v) -> lines.add(String.join("\t", key.tree, key.configuration, key.judge,
                v.kind().name(), Integer.toString(v.checks()), Integer.toString(v.failures()),
                Double.toString(v.seconds()), v.detail().replace('\t', ' '))));
        Files.write(file, lines);
    }

    Optional<Verdict> get(Configuration configuration, String judge) {
        return Optional.ofNullable(verdicts.get(key(configuration, judge)));
    }
}
