using System.Text.Json;

namespace Headgate;

/// <summary>Finds what a JSON pointer names (RFC 6901). Pure.</summary>
internal static class JsonPointer
{
    /// <summary>The element; null if there is none.</summary>
    public static JsonElement? Find(JsonElement at, string pointer)
    {
        foreach (var token in pointer.Split('/').Skip(1))
        {
            var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && TryGet(at, name, out var member))
                at = member;
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < at.GetArrayLength())
                at = at[index];
            else
                return null;
        }
        return at;
    }

    private static bool TryGet(JsonElement at, string name, out JsonElement member)
    {
        try
        {
            return at.TryGetProperty(name, out member);
        }
        catch (InvalidOperationException)
        {
            // A name beside it is half of a surrogate pair (\ud800), which can be compared with nothing: whoever writes so is not understood.
            member = default;
            return false;
        }
    }
}
