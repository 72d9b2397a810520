using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Headgate.Configuration;

/// <summary>Reads JSON (comments and trailing commas allowed) into nodes that know their line and column.</summary>
internal sealed class ConfigurationParser
{
    private static readonly JsonReaderOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 };

    private readonly byte[] _json;
    private readonly Func<int, int, ValueOrigin> _originAt;
    private readonly List<ConfigurationError> _errors;
    private int _line = 1;
    private int _column = 1;
    private int _counted;

    private ConfigurationParser(byte[] json, Func<int, int, ValueOrigin> originAt, List<ConfigurationError> errors)
    {
        (_json, _originAt, _errors) = (json, originAt, errors);
    }

    /// <summary>Reads a whole file. What cannot be read at all ends in one error and null; members given twice are errors beside the tree.</summary>
    /// <param name="bytes">The file, with or without a byte order mark.</param>
    /// <param name="file">The name that origins and errors show.</param>
    /// <param name="errors">Receives what is wrong.</param>
    public static ConfigurationNode? ReadFile(byte[] bytes, string file, List<ConfigurationError> errors) =>
        Read(bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, "", (line, column) => new ValueOrigin(ValueSource.File, file, line, column), errors);

    /// <summary>Reads a value that a variable gives as JSON.</summary>
    public static ConfigurationNode? ReadText(string text, string pointer, ValueOrigin origin, List<ConfigurationError> errors) =>
        Read(Encoding.UTF8.GetBytes(text), pointer, (_, _) => origin, errors);

    private static ConfigurationNode? Read(byte[] json, string pointer, Func<int, int, ValueOrigin> originAt, List<ConfigurationError> errors)
    {
        var parser = new ConfigurationParser(json, originAt, errors);
        if (!Utf8.IsValid(json))
        {
            errors.Add(new ConfigurationError(parser.OriginOf(FirstInvalid(json)), pointer, "the text is not UTF-8; save it as UTF-8"));
            return null;
        }
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            reader.Read();
            var root = parser.ReadValue(ref reader, pointer);
            reader.Read(); // Throws if anything but comments follows.
            return root;
        }
        catch (JsonException wrong)
        {
            errors.Add(new ConfigurationError(parser.OriginOf(parser.OffsetOf(wrong)), pointer, $"not JSON: {FirstSentence(wrong.Message)}"));
            return null;
        }
    }

    private ConfigurationNode ReadValue(ref Utf8JsonReader reader, string pointer)
    {
        var origin = OriginOf((int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadMembers(ref reader, new ConfigurationNode(JsonValueKind.Object, pointer, origin));
            case JsonTokenType.StartArray:
                var list = new ConfigurationNode(JsonValueKind.Array, pointer, origin);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Items.Add(ReadValue(ref reader, $"{pointer}/{list.Items.Count}"));
                return list;
            case JsonTokenType.String:
                return new ConfigurationNode(JsonValueKind.String, pointer, origin, ReadString(ref reader, origin, pointer));
            default:
                var kind = reader.TokenType switch
                {
                    JsonTokenType.Number => JsonValueKind.Number,
                    JsonTokenType.True => JsonValueKind.True,
                    JsonTokenType.False => JsonValueKind.False,
                    _ => JsonValueKind.Null,
                };
                return new ConfigurationNode(kind, pointer, origin, Encoding.UTF8.GetString(reader.ValueSpan));
        }
    }

    private ConfigurationNode ReadMembers(ref Utf8JsonReader reader, ConfigurationNode group)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var nameAt = OriginOf((int)reader.TokenStartIndex);
            var name = ReadString(ref reader, nameAt, group.Pointer);
            var pointer = ConfigurationNode.Below(group.Pointer, name);
            if (group.Member(name) is { } before)
                _errors.Add(new ConfigurationError(nameAt, pointer, $"given twice; the first is at {before.Origin}: keep one of them"));
            reader.Read();
            group.SetMember(name, ReadValue(ref reader, pointer));
        }
        return group;
    }

    // Escapes can spell half of a surrogate pair, which is no text.
    private string ReadString(ref Utf8JsonReader reader, ValueOrigin origin, string pointer)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            _errors.Add(new ConfigurationError(origin, pointer, "an escape \\uD800 to \\uDFFF stands alone; write the pair, or the character itself"));
            return "";
        }
    }

    private ValueOrigin OriginOf(int offset)
    {
        for (; _counted < offset; _counted++)
            if (_json[_counted] == '\n')
                (_line, _column) = (_line + 1, 1);
            else
                _column += CharactersAt(_json[_counted]);
        return _originAt(_line, _column);
    }

    /// <summary>As editors count: a character of UTF-8 counts at its first byte, and twice where UTF-16 needs two.</summary>
    private static int CharactersAt(byte first) => first switch { < 0x80 => 1, < 0xC0 => 0, < 0xF0 => 1, _ => 2 };

    private int OffsetOf(JsonException wrong)
    {
        var offset = 0;
        for (var line = 0L; line < (wrong.LineNumber ?? 0) && offset < _json.Length; offset++)
            if (_json[offset] == '\n')
                line++;
        return Math.Min(_json.Length, offset + (int)(wrong.BytePositionInLine ?? 0));
    }

    private static int FirstInvalid(byte[] json)
    {
        var offset = 0;
        while (Rune.DecodeFromUtf8(json.AsSpan(offset), out _, out var length) == System.Buffers.OperationStatus.Done)
            offset += length;
        return offset;
    }

    // The reader's messages end in "LineNumber: 3 | BytePositionInLine: 4.", which we say better.
    // What they call a literal reaches as far as nothing ends it, and may be a key whose quotes were forgotten.
    private static string FirstSentence(string message)
    {
        if (message.IndexOf("' is an invalid JSON literal", StringComparison.Ordinal) is >= 0 and var literal)
            message = message[(literal + "' is ".Length)..];
        var tail = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (tail < 0 ? message : message[..tail]).TrimEnd('.');
    }
}
