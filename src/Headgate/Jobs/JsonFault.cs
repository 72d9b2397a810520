using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>Says in plain words where JSON is broken.</summary>
internal static class JsonFault
{
    /// <summary>What an exception says of a request that was read; null if it says nothing of that.</summary>
    /// <param name="failure">The exception.</param>
    /// <param name="json">What was read.</param>
    /// <param name="reader">As far as it was read.</param>
    public static RequestFault? Of(Exception failure, ReadOnlySpan<byte> json, in Utf8JsonReader reader) => failure switch
    {
        RequestFaultException wrong => wrong.Fault,
        JsonException syntax => From(syntax, json),
        ArgumentException rule => new RequestFault(rule.Message, (int)reader.TokenStartIndex),
        InvalidOperationException when reader.ValueIsEscaped => new RequestFault(JobRequestReader.HalfSurrogate, (int)reader.TokenStartIndex), // \ud800
        _ => null,
    };

    public static RequestFault From(JsonException syntax, ReadOnlySpan<byte> json)
    {
        // The reader counts lines and bytes within them; a text that came over REST may have several lines.
        var offset = 0;
        for (var line = syntax.LineNumber ?? 0; line > 0 && json[offset..].IndexOf((byte)'\n') is >= 0 and var end; line--)
            offset += end + 1;
        offset = (int)Math.Min(offset + (syntax.BytePositionInLine ?? 0), json.Length);
        return new RequestFault($"not valid JSON: {Message(syntax)}", offset);
    }

    // The runtime ends its messages with "LineNumber: 0 | BytePositionInLine: 17.", which our own place replaces.
    private static string Message(JsonException syntax)
    {
        var end = syntax.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = (end < 0 ? syntax.Message : syntax.Message[..end]).TrimEnd('.', ' ');
        return text.Length == 0 ? "it cannot be read" : Excerpt.Of(char.ToLowerInvariant(text[0]) + text[1..], 200);
    }
}
