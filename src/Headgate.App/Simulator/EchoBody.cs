using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Simulator;

/// <summary>A request told back as JSON. Unlike the report it shows everything, credentials too: that is what it is for.</summary>
internal static class EchoBody
{
    /// <summary>A larger body is read, told with its length and left out.</summary>
    private const int LargestBody = 16 << 20;

    public static async Task<byte[]> ReadAsync(IHttpRequestFeature request, long number, CancellationToken gone)
    {
        using var body = new MemoryStream();
        long length = 0;
        var buffer = new byte[1 << 16];
        for (int read; (read = await request.Body.ReadAsync(buffer, gone)) > 0; length += read)
            if (length + read <= LargestBody)
                body.Write(buffer, 0, read);

        using var echo = new MemoryStream();
        using (var json = new Utf8JsonWriter(echo))
        {
            json.WriteStartObject();
            json.WriteString("method", request.Method);
            json.WriteString("path", request.Path);
            json.WriteString("query", request.QueryString);
            json.WriteString("protocol", request.Protocol);
            WriteHeaders(json, request);
            WriteBody(json, body, length);
            json.WriteNumber("n", number);
            json.WriteEndObject();
        }
        return echo.ToArray();
    }

    private static void WriteHeaders(Utf8JsonWriter json, IHttpRequestFeature request)
    {
        json.WriteStartObject("headers");
        foreach (var (name, values) in request.Headers)
        {
            json.WritePropertyName(name.ToLowerInvariant());
            if (values.Count != 1)
                json.WriteStartArray();
            foreach (var value in values)
                json.WriteStringValue(value);
            if (values.Count != 1)
                json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, MemoryStream body, long length)
    {
        json.WriteNumber("body_length", length);
        if (length > LargestBody)
            return;
        var bytes = body.GetBuffer().AsSpan(0, (int)body.Length);
        if (Utf8.IsValid(bytes))
            json.WriteString("body", bytes);
        else
            json.WriteBase64String("body_base64", bytes);
    }
}
