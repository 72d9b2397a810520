using System.Net;
using System.Text;
using Headgate.App.Results;
using Headgate.Retries;

namespace Headgate.IntegrationTests.Connections;

/// <summary>Answers that were once right, with bytes changed, cut, doubled and thrown about.</summary>
public sealed class AnswerFuzz(ITestOutputHelper output)
{
    private static readonly byte[][] Seeds =
    [
        Latin("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\nhello there"),
        Latin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n there\r\n0\r\nX-End: 1\r\n\r\n"),
        Latin("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nDate: Fri, 06 Nov 2026 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"),
        [.. Latin("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"), .. HostileAnswers.Gzip(Latin("hello there, hello there"))],
        Latin("HTTP/1.0 302 Found\r\nLocation: /next\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n"),
    ];

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    [Fact]
    public async Task Whatever_comes_is_an_answer_or_a_failure_of_a_class_and_one_send()
    {
        var count = Fixtures.Measured.IsLong ? 20_000 : 600;
        await using var server = new ByteServer(async request =>
        {
            await request.SayAsync(Mutated(int.Parse(request.Path[1..], System.Globalization.CultureInfo.InvariantCulture)));
            return false;
        });
        using var transport = new HttpMessageInvoker(Headgate.Transport.CreateHandler(new TransportOptions { Decompression = DecompressionMethods.All, Lifetime = TimeSpan.Zero }));
        var classes = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, stop) =>
        {
            var attempt = await Transport.Attempt.SendAsync(transport, "GET", new Uri($"{server.Url}/{seed}"), cancellation: stop).WaitAsync(TimeSpan.FromSeconds(20), stop);
            var came = await ReadAsync(attempt, seed).WaitAsync(TimeSpan.FromSeconds(20), stop);
            Assert.True(attempt.Stamps == 1, $"seed {seed}: {attempt.Stamps} sends");
            classes.AddOrUpdate(came, 1, static (_, sum) => sum + 1);
        });
        output.WriteLine(string.Join('\n', classes.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value} {pair.Key}")));
        Assert.Equal(count, server.Requests);
        Assert.True(classes.Count >= 4, "the changes are not wild enough");
    }

    private static async Task<string> ReadAsync(Transport.Attempt attempt, int seed)
    {
        var failure = attempt.Failure;
        if (attempt.Answer is { } answer)
        {
            Assert.NotNull(Headgate.Quotas.QuotaReader.Read((int)answer.StatusCode, answer.Headers, DateTimeOffset.UnixEpoch));
            _ = Redirects.Next(HttpMethod.Get, answer.RequestMessage!.RequestUri!, (int)answer.StatusCode, answer.Headers.NonValidated.TryGetValues("Location", out var location) ? location.ToString() : null, 0);
            try
            {
                var body = await answer.Content.ReadAsStreamAsync();
                await new BodyReceiver(100_000, null).ReadAsync(body, BodyLength.Announced(answer), "x");
                return "answer";
            }
            catch (Exception e) when (FailureReader.IsOfTransport(e))
            {
                failure = e;
            }
        }
        var outcome = FailureReader.Classify(failure!, attempt.Message.Sent, CancellationReason.None);
        Assert.True(outcome.Class is FailureClass.Network || outcome is { Class: FailureClass.Invalid, Detail: "the headers of the answer are larger than allowed" }, $"seed {seed}: {outcome} of {failure}");
        return outcome.Detail!;
    }

    private static byte[] Mutated(int seed)
    {
        var random = new Random(seed);
        var bytes = Seeds[seed % Seeds.Length].ToList();
        for (var change = random.Next(1, 6); change > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(8), bytes.Count - at - 1));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(40), bytes.Count - at)));
                    break;
                case 4:
                    bytes.InsertRange(at, Latin(random.GetItems((string[])["\r\n", "\n", "-1", ":", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "\0", "99999999999999999999"], 1)[0]));
                    break;
                default:
                    bytes.RemoveRange(at + 1, bytes.Count - at - 1);
                    break;
            }
        }
        return [.. bytes];
    }
}
