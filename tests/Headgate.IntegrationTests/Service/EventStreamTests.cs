using System.Text.Json;

namespace Headgate.IntegrationTests.Service;

/// <summary>Events of jobs, as whoever listens hears them.</summary>
public sealed class EventStreamTests : ServiceOverApi
{
    [Fact]
    public async Task Whoever_listens_hears_of_a_job_from_its_submission_to_its_end()
    {
        using var stream = await ListenAsync("/api/v1/events");
        var id = (await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/x","id":"mine"}"""]))[0];

        var (first, second) = (await NextAsync(stream), await NextAsync(stream));

        Assert.Equal(("request_submitted", "request_completed"), (first.Name, second.Name));
        Assert.Equal((id, "mine", "completed", 1), (second.Data.GetProperty("request_id").GetString(), second.Data.GetProperty("id").GetString(), second.Data.GetProperty("status").GetString(), second.Data.GetProperty("attempts").GetInt32()));
        Assert.True(second.Number > first.Number);
    }

    [Fact]
    public async Task Whoever_listens_learns_no_secret_of_a_URL()
    {
        using var stream = await ListenAsync("/api/v1/events");
        await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/x?api_key=s3cret&q=1"}"""]);

        foreach (var told in (JsonElement[])[(await NextAsync(stream)).Data, (await NextAsync(stream)).Data])
            Assert.Equal($"{Api.Url}/x?api_key=…&q=1", told.GetProperty("url").GetString());
    }

    [Fact]
    public async Task Whoever_comes_back_hears_what_it_has_missed()
    {
        long last;
        using (var stream = await ListenAsync("/api/v1/events?events=request_completed"))
        {
            await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/1"}"""]);
            last = (await NextAsync(stream)).Number;
        }
        var missed = (await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/2"}"""]))[0];
        await Service.WaitAsync([missed]);

        using var again = await ListenAsync("/api/v1/events?events=request_completed", last);

        var told = await NextAsync(again);
        Assert.Equal(("request_completed", missed), (told.Name, told.Data.GetProperty("request_id").GetString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public async Task Whoever_was_away_too_long_is_told_that_something_is_missing(long last)
    {
        using var stream = await ListenAsync("/api/v1/events", last);

        Assert.Equal("missed", (await NextAsync(stream)).Name);
        var id = (await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/x"}"""]))[0];
        Assert.Equal(id, (await NextAsync(stream)).Data.GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_told()
    {
        using var stream = await ListenAsync("/api/v1/events?events=request_cancelled&tenant=b");
        var ids = await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/1","not_before":"1h"}""", $$"""{"url":"{{Api.Url}}/2","not_before":"1h","tenant":"b"}"""]);
        foreach (var id in ids)
            await Service.CallAsync("DELETE", $"/api/v1/request/{id}");

        Assert.Equal(ids[1], (await NextAsync(stream)).Data.GetProperty("request_id").GetString());
        Assert.Equal(400, (await Service.CallAsync("GET", "/api/v1/events?events=nonsense")).Status);
    }

    private async Task<StreamReader> ListenAsync(string path, long? last = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (last is { } number)
            request.Headers.Add("Last-Event-ID", $"{number}");
        var answer = await Service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        // From here on it listens.
        Assert.StartsWith(":", await reader.ReadLineAsync(), StringComparison.Ordinal);
        return reader;
    }

    private static async Task<(long Number, string Name, JsonElement Data)> NextAsync(StreamReader stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var (number, name) = (0L, "");
        while (true)
        {
            var line = await stream.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException("it ended");
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                number = long.Parse(line[4..]);
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                return (number, name, JsonDocument.Parse(line[6..]).RootElement);
        }
    }
}
