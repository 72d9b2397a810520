using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>JSON that is kept as it came, because it is only echoed or sent: parsing it would cost memory and change its numbers.</summary>
internal static class RawJson
{
    /// <summary>How deep the JSON of a request may be; what is read once is read again by the same measure.</summary>
    public const int Deepest = 256;

    /// <summary>How deep JSON may be that has such JSON in it: the record of a job, and what tells of it.</summary>
    public const int DeepestAround = Deepest + 16;

    public static readonly JsonDocumentOptions Around = new() { MaxDepth = DeepestAround };

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = Deepest };

    public static JsonElement? Parse(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
            return null;
        using var document = JsonDocument.Parse(json, Options);
        return document.RootElement.Clone();
    }

    /// <summary>The text of an element; empty for none.</summary>
    public static ReadOnlyMemory<byte> Of(JsonElement? element) =>
        element is { ValueKind: not JsonValueKind.Undefined } value ? OneLine(System.Text.Encoding.UTF8.GetBytes(value.GetRawText())) : default;

    /// <summary>
    /// The same JSON without line breaks between its members (inside strings they are escaped anyway): a result is one line, and an
    /// echoed context must not cut it in two.
    /// </summary>
    /// <exception cref="ArgumentException">As <see cref="Write"/>.</exception>
    public static ReadOnlyMemory<byte> OneLine(ReadOnlySpan<byte> json)
    {
        if (!json.ContainsAny((byte)'\n', (byte)'\r'))
            return json.ToArray();
        using var document = JsonDocument.Parse(json.ToArray(), Options);
        using var buffer = new MemoryStream(json.Length);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(document.RootElement.WriteTo, writer);
        return buffer.ToArray();
    }

    /// <summary>
    /// Writes an element as it came. What is only echoed may have half of a surrogate pair in it, which cannot be read, and need not be.
    /// </summary>
    public static void Copy(JsonElement element, Utf8JsonWriter writer) => writer.WriteRawValue(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);

    /// <summary>Writes an element or a member.</summary>
    /// <exception cref="ArgumentException">One of its names or texts is none: half of a surrogate pair, which nobody looked at before.</exception>
    public static void Write(Action<Utf8JsonWriter> write, Utf8JsonWriter writer)
    {
        try
        {
            write(writer);
        }
        catch (InvalidOperationException half)
        {
            throw new ArgumentException(JobRequestReader.HalfSurrogate, half);
        }
    }
}
