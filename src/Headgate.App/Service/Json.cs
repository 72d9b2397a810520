using System.Text.Json;
using Headgate.Jobs;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>Answers in JSON.</summary>
internal static class Json
{
    public const string Type = "application/json; charset=utf-8";

    private const int AtOnce = 32 << 10;

    /// <summary>Writes to an answer whose status and type are set.</summary>
    public static Utf8JsonWriter Writer(HttpResponse response) => new(response.BodyWriter, ResultRecordWriter.Options);

    /// <summary>
    /// Writes to a long answer whose status and type are set. Over the body, not over its buffer: flushing the writer then waits for a caller
    /// who is slow to read, and the answer takes little memory however long it is.
    /// </summary>
    public static Utf8JsonWriter LongWriter(HttpResponse response) => new(response.Body, ResultRecordWriter.Options);

    /// <summary>Has what was written go to the caller once it is worth sending.</summary>
    /// <param name="json">Of a long answer.</param>
    /// <param name="gone">The caller has gone.</param>
    public static Task PassAsync(Utf8JsonWriter json, CancellationToken gone) => json.BytesPending < AtOnce ? Task.CompletedTask : json.FlushAsync(gone);

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
