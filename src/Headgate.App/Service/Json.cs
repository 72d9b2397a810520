using System.Text.Json;
using Headgate.Jobs;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>Answers in JSON.</summary>
internal static class Json
{
    public const string Type = "application/json; charset=utf-8";

    /// <summary>Writes to an answer whose status and type are set.</summary>
    public static Utf8JsonWriter Writer(HttpResponse response) => new(response.BodyWriter, ResultRecordWriter.Options);

    /// <summary>Writes an answer whose status and type are set.</summary>
    public static async Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> write)
    {
        await using var json = Writer(response);
        write(json);
        await json.FlushAsync(response.HttpContext.RequestAborted);
    }

    /// <summary>Answers.</summary>
    public static Task AnswerAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, Type);
        return WriteAsync(context.Response, write);
    }
}
