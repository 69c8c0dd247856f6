// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.Arrays;

/// The features' present values, and the commands that get and set them. None can be saved beyond a reset.
///
/// @nvme 1.4 §5.14 "Get Features command", §5.21 "Set Features command"
public final class Features {
    private static final int SAVE = 1 << 31;
    private static final int CURRENT = 0, DEFAULT = 1, SAVED = 2, CAPABILITIES = 3;
    private static final int CHANGEABLE = 4;
    private static final int UNDER_TEMPERATURE = 1 << 20, TEMPERATURE_TYPE = 3 << 20, TEMPERATURE_SENSOR = 0xf << 16,
            ALL_SENSORS = 0xf << 16;

    /// @param values    of each [Feature], in their order
    /// @param perVector which vectors are exempt from coalescing
    public record State(int[] values, int underTemperature, boolean[] perVector) {
        public State {
            if (values.length != Feature.values().length || underTemperature != (underTemperature & 0xffff)) {
                throw new IllegalArgumentException(values.length + " NVMe features");
            }
            for (Feature feature : Feature.values()) {
                if ((values[feature.ordinal()] & ~feature.bits & ~feature.initial) != 0) {
                    throw new IllegalArgumentException(feature + " with bits that it does not have");
                }
            }
            values = values.clone();
            perVector = perVector.clone();
        }
    }

    private final int ioQueues;
    private final int[] values = new int[Feature.values().length];
    private final boolean[] perVector;
    private int underTemperature;
    private volatile boolean writeCache;

    Features(int ioQueues) {
        this.ioQueues = ioQueues;
        perVector = new boolean[ioQueues + 1];
        reset();
    }

    /// Whether what is written may wait for a flush.
    boolean writeCache() {
        return writeCache;
    }

    synchronized int value(Feature feature) {
        return values[feature.ordinal()];
    }

    /// Whether the driver has set a threshold that the temperature has passed.
    synchronized boolean temperatureOutOfRange() {
        return Health.KELVIN >= values[Feature.TEMPERATURE_THRESHOLD.ordinal()] || Health.KELVIN <= underTemperature;
    }

    synchronized int get(Command command) {
        Feature feature = Feature.of(command.dword(10) & 0xff);
        if (feature == null) {
            return Status.INVALID_FIELD;
        }
        switch (command.dword(10) >>> 8 & 7) {
            case CURRENT -> {
                return getCurrent(feature, command);
            }
            case DEFAULT, SAVED -> command.result = initial(feature, command);
            case CAPABILITIES -> command.result = feature.bits == 0 ? 0 : CHANGEABLE;
            default -> {
                return Status.INVALID_FIELD;
            }
        }
        return Status.SUCCESS;
    }

    private int getCurrent(Feature feature, Command command) {
        int of = command.dword(11);
        switch (feature) {
            case NUMBER_OF_QUEUES -> command.result = initial(feature, command);
            case TEMPERATURE_THRESHOLD -> {
                if (!knownSensor(of)) {
                    return Status.INVALID_FIELD;
                }
                command.result = (of & TEMPERATURE_TYPE) == 0 ? values[feature.ordinal()] : underTemperature;
            }
            case INTERRUPT_VECTOR -> {
                int vector = of & 0xffff;
                if (vector >= perVector.length) {
                    return Status.INVALID_FIELD;
                }
                command.result = vector | (perVector[vector] ? 0x1_0000 : 0);
            }
            default -> command.result = values[feature.ordinal()];
        }
        return Status.SUCCESS;
    }

    private int initial(Feature feature, Command command) {
        return switch (feature) {
            case NUMBER_OF_QUEUES -> ioQueues - 1 | ioQueues - 1 << 16;
            case INTERRUPT_VECTOR -> command.dword(11) & 0xffff;
            case TEMPERATURE_THRESHOLD -> (command.dword(11) & TEMPERATURE_TYPE) == 0 ? feature.initial : 0;
            default -> feature.initial;
        };
    }

    synchronized int set(Command command) {
        Feature feature = Feature.of(command.dword(10) & 0xff);
        if (feature == null) {
            return Status.INVALID_FIELD;
        }
        if ((command.dword(10) & SAVE) != 0) {
            return Status.FEATURE_NOT_SAVEABLE;
        }
        return switch (feature) {
            case NUMBER_OF_QUEUES -> setNumberOfQueues(command);
            case TEMPERATURE_THRESHOLD -> setTemperature(command.dword(11));
            case INTERRUPT_VECTOR -> setVector(command.dword(11));
            case POWER_MANAGEMENT -> (command.dword(11) & 0x1f) != 0 ? Status.INVALID_FIELD
                    : set(feature, command.dword(11));
            default -> set(feature, command.dword(11));
        };
    }

    private int set(Feature feature, int value) {
        values[feature.ordinal()] = value & feature.bits;
        writeCache = values[Feature.VOLATILE_WRITE_CACHE.ordinal()] != 0;
        return Status.SUCCESS;
    }

    /// However many the driver asks for, it may use all that there are.
    private int setNumberOfQueues(Command command) {
        int wanted = command.dword(11);
        if ((wanted & 0xffff) == 0xffff || wanted >>> 16 == 0xffff) {
            return Status.INVALID_FIELD;
        }
        command.result = initial(Feature.NUMBER_OF_QUEUES, command);
        return Status.SUCCESS;
    }

    private static boolean knownSensor(int value) {
        int sensor = value & TEMPERATURE_SENSOR;
        int type = value & TEMPERATURE_TYPE;
        return (sensor == 0 || sensor == ALL_SENSORS) && (type == 0 || type == UNDER_TEMPERATURE);
    }

    private int setTemperature(int value) {
        if (!knownSensor(value)) {
            return Status.INVALID_FIELD;
        }
        if ((value & TEMPERATURE_TYPE) == 0) {
            return set(Feature.TEMPERATURE_THRESHOLD, value);
        }
        underTemperature = value & 0xffff;
        return Status.SUCCESS;
    }

    private int setVector(int value) {
        int vector = value & 0xffff;
        if (vector >= perVector.length) {
            return Status.INVALID_FIELD;
        }
        perVector[vector] = (value & 0x1_0000) != 0;
        return Status.SUCCESS;
    }

    synchronized void reset() {
        for (Feature feature : Feature.values()) {
            values[feature.ordinal()] = feature.initial;
        }
        underTemperature = 0;
        Arrays.fill(perVector, false);
        writeCache = true;
    }

    synchronized State save() {
        return new State(values, underTemperature, perVector);
    }

    /// Whether a state is of as many vectors as there are here.
    void check(State state) {
        if (state.perVector.length != perVector.length) {
            throw new IllegalArgumentException(state.perVector.length + " NVMe interrupt vectors");
        }
    }

    synchronized void load(State state) {
        System.arraycopy(state.values, 0, values, 0, values.length);
        System.arraycopy(state.perVector, 0, perVector, 0, perVector.length);
        underTemperature = state.underTemperature;
        writeCache = values[Feature.VOLATILE_WRITE_CACHE.ordinal()] != 0;
    }
}
