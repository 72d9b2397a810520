using System.Text;
using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>Makes a form (<c>application/x-www-form-urlencoded</c>) of a JSON object.</summary>
internal static class FormBody
{
    public const string MediaType = "application/x-www-form-urlencoded";

    /// <summary>Whether the headers say that the body is a form.</summary>
    public static bool IsAskedFor(JobRequest request) =>
        request.HasHeaders && request.Headers["content-type"] is { } type
        && type.AsSpan(0, type.IndexOf(';') is >= 0 and var end ? end : type.Length).Trim().Equals(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>The form of an object; an array gives its name several times.</summary>
    /// <exception cref="ArgumentException">The JSON is not an object, or has objects in it.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new ArgumentException($"data must be an object or a string with content-type {MediaType}");
        var values = JobFields.Params();
        try
        {
            JobJson.ReadParams(ref reader, values);
        }
        catch (RequestFaultException nested)
        {
            throw new ArgumentException($"data cannot become a form: {nested.Message.Replace("param ", "", StringComparison.Ordinal)}", nested);
        }
        catch (InvalidOperationException half) when (reader.ValueIsEscaped)
        {
            throw new ArgumentException($"data cannot become a form: {JobRequestReader.HalfSurrogate}", half); // \ud800
        }
        var form = new StringBuilder();
        foreach (var (name, value) in values)
            form.Append(form.Length == 0 ? "" : "&").Append(Escape(name)).Append('=').Append(Escape(value));
        return Encoding.UTF8.GetBytes(form.ToString());
    }

    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
