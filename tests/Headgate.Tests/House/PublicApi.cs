using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Headgate.Tests.House;

/// <summary>What an assembly promises to its users, as text that changes when and only when the promise does.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(Heading(type)).Append('\n');
            foreach (var member in Members(type).Order(StringComparer.Ordinal))
                text.Append("    ").Append(member).Append('\n');
        }
        return text.ToString();
    }

    private static string Heading(Type type)
    {
        var kind = type.IsEnum ? $"enum {FullName(type)} : {PublicNames.Of(Enum.GetUnderlyingType(type))}"
            : type.IsInterface ? $"interface {FullName(type)}"
            : type.IsValueType ? $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}struct {FullName(type)}"
            : typeof(Delegate).IsAssignableFrom(type) ? $"delegate {FullName(type)}"
            : $"{(type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")}{(IsRecord(type) ? "record" : "class")} {FullName(type)}";
        if (type.IsEnum)
            return kind;
        List<string> above = [.. Interfaces(type)];
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && !typeof(Delegate).IsAssignableFrom(type))
            above.Insert(0, PublicNames.Of(parent));
        return above.Count == 0 ? kind : $"{kind} : {string.Join(", ", above)}";
    }

    private static IEnumerable<string> Interfaces(Type type) => type.GetInterfaces()
        .Where(each => each.IsPublic && !(type.BaseType?.GetInterfaces().Contains(each) ?? false))
        .Select(PublicNames.Of)
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}");
        return type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Describe)
            .Concat(type.GetConstructors(Declared).Where(IsVisible).Select(constructor => $"{Modifiers(constructor)}new({Parameters(constructor)})"))
            .Concat(type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(IsVisible)).Select(Describe))
            .Concat(type.GetEvents(Declared).Where(each => IsVisible(each.AddMethod!)).Select(each => $"{Modifiers(each.AddMethod!)}event {PublicNames.Of(Nullability.Create(each))} {each.Name}"))
            .Concat(type.GetMethods(Declared).Where(method => IsVisible(method) && IsWritten(method)).Select(Describe));
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    // What the compiler adds to every record says nothing; accessors stand with their properties.
    private static bool IsWritten(MethodInfo method) => !method.IsDefined(typeof(CompilerGeneratedAttribute)) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$", Declared) is not null;

    private static string Describe(FieldInfo field) => field.IsLiteral
        ? $"const {PublicNames.Of(field.FieldType)} {field.Name} = {Value(field.GetRawConstantValue())}"
        : $"{(field.IsFamily ? "protected " : "")}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{PublicNames.Of(Nullability.Create(field))} {field.Name}";

    private static string Describe(PropertyInfo property)
    {
        var visible = property.GetAccessors(true).Where(IsVisible).ToList();
        var set = property.SetMethod is { } setter && visible.Contains(setter)
            ? setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;"
            : "";
        var get = property.GetMethod is { } getter && visible.Contains(getter) ? " get;" : "";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var name = property.GetIndexParameters() is { Length: > 0 } parameters ? $"this[{string.Join(", ", parameters.Select(Describe))}]" : property.Name;
        return $"{Modifiers(visible[0])}{required}{PublicNames.Of(Nullability.Create(property))} {name} {{{get}{set} }}";
    }

    private static string Describe(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";
        return $"{Modifiers(method)}{PublicNames.Of(Nullability.Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Describe));

    private static string Describe(ParameterInfo parameter)
    {
        var way = parameter.IsOut ? "out " : !parameter.ParameterType.IsByRef ? "" : parameter.IsIn ? "in " : "ref ";
        var rest = parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        return $"{rest}{way}{PublicNames.Of(Nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Value(parameter.DefaultValue)}" : "")}";
    }

    private static string Modifiers(MethodBase method)
    {
        var access = method.IsPublic ? "" : "protected ";
        if (method is not MethodInfo { DeclaringType.IsInterface: false } info)
            return access;
        var overrides = info.GetBaseDefinition().DeclaringType != info.DeclaringType;
        var kind = info.IsStatic ? "static " : overrides ? "override " : info.IsAbstract ? "abstract " : info is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        return access + kind;
    }

    private static string Value(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string FullName(Type type) => $"{type.Namespace}.{PublicNames.Of(type)}";
}
