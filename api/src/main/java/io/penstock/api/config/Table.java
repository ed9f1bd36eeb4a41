package io.penstock.api.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// The keys that one record of a configuration gives to its table, found once by looking at its
/// components.
///
/// A component `maxHeadBytes` is the key `max_head_bytes`; a record is a table of its own unless it
/// is marked [Inline].
///
/// @param type the record
/// @param path of the table, empty at the top
/// @param fields in the order of the components
record Table(Class<?> type, String path, List<Field> fields) {

  /// One component.
  ///
  /// @param key its full path; that of the table around it for a record that is inline
  /// @param value how it is read, or null for a record
  /// @param table the keys below it, or those of each table of an array of them, or null for a
  ///   value
  record Field(
      RecordComponent component, String key, @Nullable ValueType value, @Nullable Table table) {

    /// The keys of each table, if this is an array of them.
    Optional<Table> items() {
      return value == null ? Optional.empty() : Optional.ofNullable(table);
    }

    /// What holds when the component of such a table is not set, unless it has to be.
    Optional<Object> absent() {
      Class<?> type = component.getType();
      if (type == Optional.class) {
        return Optional.of(Optional.empty());
      }
      return type == List.class ? Optional.of(List.of()) : Optional.empty();
    }
  }

  static Table of(Class<?> type, String path) {
    return of(type, path, ValueType::of);
  }

  private static Table of(
      Class<?> type, String path, BiFunction<Type, String, ValueType> valueTypes) {
    List<Field> fields = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      String key = path.isEmpty() ? key(component) : path + "." + key(component);
      Optional<Class<?>> item = itemOf(component);
      if (item.isPresent()) {
        Table each = of(item.get(), "", ValueType::ofItem);
        List<String> keys = each.fields.stream().map(Field::key).toList();
        fields.add(new Field(component, key, ValueType.tables(keys), each));
      } else if (component.getType().isRecord() && !ValueType.isValue(component.getType())) {
        String below = component.isAnnotationPresent(Inline.class) ? path : key;
        fields.add(new Field(component, below, null, of(component.getType(), below, valueTypes)));
      } else {
        ValueType value = valueTypes.apply(component.getGenericType(), component.getName());
        fields.add(new Field(component, key, value, null));
      }
    }
    return new Table(type, path, List.copyOf(fields));
  }

  /// Every value below this table, in order.
  List<Field> values() {
    List<Field> values = new ArrayList<>();
    for (Field field : fields) {
      if (field.value() != null || field.table() == null) {
        values.add(field);
      } else {
        values.addAll(field.table().values());
      }
    }
    return values;
  }

  /// Every table below this one, in order.
  List<String> tables() {
    List<String> tables = new ArrayList<>();
    for (Field field : fields) {
      if (field.value() == null && field.table() != null) {
        if (!field.key().equals(path)) {
          tables.add(field.key());
        }
        tables.addAll(field.table().tables());
      }
    }
    return tables;
  }

  /// Reads a component of a record.
  static Object read(Object instance, RecordComponent component) {
    try {
      return component.getAccessor().invoke(instance);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  /// Makes a record; what its constructor throws is thrown here.
  Object create(Object[] values) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      return type.getConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw new IllegalStateException("cannot make a " + type.getName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getName(), e);
    }
  }

  /// The record that each element of a list is, if it is a table.
  private static Optional<Class<?>> itemOf(RecordComponent component) {
    return component.getType() == List.class
            && component.getGenericType() instanceof ParameterizedType list
            && list.getActualTypeArguments()[0] instanceof Class<?> item
            && item.isRecord()
            && !ValueType.isValue(item)
        ? Optional.of(item)
        : Optional.empty();
  }

  private static String key(RecordComponent component) {
    return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
