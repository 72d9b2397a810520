using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>The snake-case names under which enumerations go over the wire: a table each, so that writing one costs no allocation.</summary>
internal static class WireNames
{
    private static readonly string[] Classes = Names<FailureClass>();
    private static readonly string[] Statuses = Names<JobStatus>();
    private static readonly JsonEncodedText[] EncodedStatuses = [.. Statuses.Select(name => JsonEncodedText.Encode(name))];
    private static readonly JsonEncodedText[] EncodedClasses = [.. Classes.Select(name => JsonEncodedText.Encode(name))];

    /// <summary>The name, for example <c>rate_limit</c>; <c>none</c> for no failure.</summary>
    public static string Of(FailureClass value) => Classes[(int)value];

    /// <summary>The name, for example <c>rate_limited</c>.</summary>
    public static string Of(JobStatus value) => Statuses[(int)value];

    /// <summary>The class of a name; <see cref="FailureClass.None"/> for one that is none.</summary>
    public static FailureClass FailureOf(string name) => (FailureClass)Math.Max(Array.IndexOf(Classes, name), 0);

    public static JsonEncodedText Encoded(FailureClass value) => EncodedClasses[(int)value];

    public static JsonEncodedText Encoded(JobStatus value) => EncodedStatuses[(int)value];

    /// <summary>Reads the value of a string token; says whether it is one of the names.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out JobStatus value)
    {
        var index = IndexOf(ref reader, Statuses);
        value = (JobStatus)Math.Max(index, 0);
        return index >= 0;
    }

    /// <inheritdoc cref="TryRead(ref Utf8JsonReader, out JobStatus)"/>
    public static bool TryRead(ref Utf8JsonReader reader, out FailureClass value)
    {
        var index = IndexOf(ref reader, Classes);
        value = (FailureClass)Math.Max(index, 0);
        return index >= 0;
    }

    private static int IndexOf(ref Utf8JsonReader reader, string[] names)
    {
        for (var i = 0; i < names.Length; i++)
            if (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(names[i]))
                return i;
        return -1;
    }

    private static string[] Names<T>() where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
}
