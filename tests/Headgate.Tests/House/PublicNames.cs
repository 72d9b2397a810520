using System.Reflection;

namespace Headgate.Tests.House;

/// <summary>Types as they are written in C#.</summary>
internal static class PublicNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(short)] = "short", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long",
        [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
    };

    public static string Of(Type type) => Write(type, null);

    public static string Of(NullabilityInfo info) => Write(info.Type, info);

    private static string Write(Type type, NullabilityInfo? info)
    {
        if (type.IsByRef)
            return Write(type.GetElementType()!, info);
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Write(inner, null) + "?";
        var mark = !type.IsValueType && !type.IsGenericParameter && info?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
            return $"{Write(type.GetElementType()!, info?.ElementType)}[]{mark}";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword + mark;
        var outer = type is { IsNested: true, IsGenericParameter: false } ? Write(type.DeclaringType!, null) + "." : "";
        var name = type.Name.Split('`')[0];
        if (!type.IsGenericType)
            return outer + name + mark;
        var arguments = type.GetGenericArguments().Select((argument, index) => Write(argument, info?.GenericTypeArguments.ElementAtOrDefault(index)));
        return $"{outer}{name}<{string.Join(", ", arguments)}>{mark}";
    }
}
