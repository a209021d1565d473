package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/cluster"
)

const password = "secret"

// changes asks for things at random. Much of it is refused, which is part of
// the state too: the members must refuse the same.
type changes struct {
	stage   *stage
	rng     *rand.Rand
	enabled bool
	away    *cluster.Member
	done    int // changes that succeeded
	written int // writes of users that were permitted
	refused int // and those that were not

	last      *cluster.Member // that was asked
	unknown   int             // tokens that ours did not take
	snapshots int             // that members needed when they came back
}

func newChanges(s *stage, seed int64) *changes {
	return &changes{stage: s, rng: rand.New(rand.NewSource(seed))}
}

func (c *changes) play(wanted int) error {
	if err := c.prepare(); err != nil {
		return err
	}
	for step := 0; c.done < wanted; step++ {
		if step > 40*wanted {
			return fmt.Errorf("only %d of %d changes succeeded", c.done, wanted)
		}
		if err := c.disturb(step); err != nil {
			return err
		}
		if c.rng.Intn(3) == 0 {
			c.write()
			continue
		}
		if c.change() {
			c.done++
		}
	}
	if err := c.bringBack(); err != nil {
		return err
	}
	if c.snapshots == 0 {
		return errors.New("no snapshot was needed")
	}
	if c.unknown > 0 {
		return fmt.Errorf("%d tokens of other members were not taken by ours", c.unknown)
	}
	if c.written == 0 || c.refused == 0 {
		return fmt.Errorf("users wrote %d times and were refused %d times", c.written, c.refused)
	}
	fmt.Printf("  %d changes, %d writes permitted, %d refused, %d snapshots installed\n", c.done, c.written, c.refused, c.snapshots)
	return nil
}

// prepare makes root, and with it the first state in which auth is enabled.
func (c *changes) prepare() error {
	if err := c.ask(func(ctx context.Context, auth pb.AuthClient, _ pb.KVClient) error {
		if _, err := auth.UserAdd(ctx, &pb.AuthUserAddRequest{Name: "root", Password: password}); err != nil {
			return err
		}
		if _, err := auth.UserGrantRole(ctx, &pb.AuthUserGrantRoleRequest{User: "root", Role: "root"}); err != nil {
			return err
		}
		_, err := auth.AuthEnable(ctx, &pb.AuthEnableRequest{})
		return err
	}); err != nil {
		return err
	}
	c.enabled = true
	return nil
}

// disturb kills a member now and then, ours first, and brings it back when the others have forgotten what it lacks.
func (c *changes) disturb(step int) error {
	const awayFor, hereFor = 80, 40
	switch step % (awayFor + hereFor) {
	case hereFor:
		c.away = c.stage.Members[(ours+step/(awayFor+hereFor))%len(c.stage.Members)]
		return c.away.Kill()
	case 0:
		return c.bringBack()
	}
	return nil
}

func (c *changes) bringBack() error {
	if c.away == nil {
		return nil
	}
	member := c.away
	c.away = nil
	if err := member.StartReady(cluster.ReadyWithin); err != nil {
		return err
	}
	if err := c.stage.waitApplied(); err != nil {
		return err
	}
	if strings.Contains(member.Log(), "applied snapshot") {
		c.snapshots++
	}
	return nil
}

func (c *changes) user() string { return fmt.Sprintf("u%d", c.rng.Intn(6)) }
func (c *changes) role() string { return fmt.Sprintf("r%d", c.rng.Intn(4)) }
func (c *changes) key() []byte  { return []byte{byte('a' + c.rng.Intn(6))} }

// A key alone, a range, or all keys from one on; few, so that many begin with the same.
func (c *changes) keyRange() (key, end []byte) {
	key = c.key()
	switch c.rng.Intn(5) {
	case 0:
		return key, nil
	case 1:
		return key, []byte{0}
	default:
		return key, []byte{'f' + byte(c.rng.Intn(15)), byte('a' + c.rng.Intn(3))}
	}
}

// change asks for one, as root; true if it was made.
func (c *changes) change() bool {
	user, role := c.user(), c.role()
	key, end := c.keyRange()
	kind := c.rng.Intn(30)
	noPassword := c.rng.Intn(6) == 0
	permission := authpb.Permission_Type(c.rng.Intn(3))
	err := c.as("root", func(ctx context.Context, auth pb.AuthClient, _ pb.KVClient) (err error) {
		switch {
		case kind < 4:
			_, err = auth.UserAdd(ctx, &pb.AuthUserAddRequest{Name: user, Password: password, Options: &authpb.UserAddOptions{NoPassword: noPassword}})
		case kind == 4:
			_, err = auth.UserDelete(ctx, &pb.AuthUserDeleteRequest{Name: user})
		case kind == 5:
			_, err = auth.UserChangePassword(ctx, &pb.AuthUserChangePasswordRequest{Name: user, Password: password})
		case kind < 9:
			_, err = auth.UserGrantRole(ctx, &pb.AuthUserGrantRoleRequest{User: user, Role: role})
		case kind == 9:
			_, err = auth.UserRevokeRole(ctx, &pb.AuthUserRevokeRoleRequest{Name: user, Role: role})
		case kind < 13:
			_, err = auth.RoleAdd(ctx, &pb.AuthRoleAddRequest{Name: role})
		case kind == 13 && c.rng.Intn(4) == 0:
			_, err = auth.RoleDelete(ctx, &pb.AuthRoleDeleteRequest{Role: role})
		case kind < 26:
			_, err = auth.RoleGrantPermission(ctx, &pb.AuthRoleGrantPermissionRequest{
				Name: role, Perm: &authpb.Permission{PermType: permission, Key: key, RangeEnd: end}})
		case kind < 29:
			_, err = auth.RoleRevokePermission(ctx, &pb.AuthRoleRevokePermissionRequest{Role: role, Key: key, RangeEnd: end})
		default:
			if c.enabled {
				_, err = auth.AuthDisable(ctx, &pb.AuthDisableRequest{})
			} else {
				_, err = auth.AuthEnable(ctx, &pb.AuthEnableRequest{})
			}
			if err == nil {
				c.enabled = !c.enabled
			}
		}
		return err
	})
	return err == nil
}

// write asks for a write as some user: a put, a deletion, or a transaction of both with a range.
func (c *changes) write() {
	kind, a, b, d := c.rng.Intn(3), c.key(), c.key(), c.key()
	end := append([]byte{a[0]}, 'z')
	err := c.as(c.user(), func(ctx context.Context, _ pb.AuthClient, kv pb.KVClient) (err error) {
		put := &pb.PutRequest{Key: a, Value: []byte(fmt.Sprint(c.done)), PrevKv: b[0] == 'b'}
		switch kind {
		case 0:
			_, err = kv.Put(ctx, put)
		case 1:
			_, err = kv.DeleteRange(ctx, &pb.DeleteRangeRequest{Key: a, RangeEnd: end, PrevKv: b[0] == 'a'})
		default:
			_, err = kv.Txn(ctx, &pb.TxnRequest{
				Compare: []*pb.Compare{{Key: b, Target: pb.Compare_VERSION, Result: pb.Compare_GREATER, TargetUnion: &pb.Compare_Version{}}},
				Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestPut{RequestPut: put}}},
				Failure: []*pb.RequestOp{{Request: &pb.RequestOp_RequestTxn{RequestTxn: &pb.TxnRequest{
					Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: d, Value: []byte("d")}}}},
				}}}},
			})
		}
		return err
	})
	switch {
	case err == nil:
		c.written++
	case status.Code(err) == codes.PermissionDenied:
		c.refused++
	}
}

// as asks on behalf of a user, who comes in anew each time: most often at another member than the one that is asked then.
func (c *changes) as(user string, work func(context.Context, pb.AuthClient, pb.KVClient) error) error {
	token := ""
	if c.enabled {
		if err := c.ask(func(ctx context.Context, auth pb.AuthClient, _ pb.KVClient) error {
			answer, err := auth.Authenticate(ctx, &pb.AuthenticateRequest{Name: user, Password: password})
			if err == nil {
				token = answer.Token
			}
			return err
		}); err != nil {
			return err
		}
	}
	return c.ask(func(ctx context.Context, auth pb.AuthClient, kv pb.KVClient) error {
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "token", token)
		}
		err := work(ctx, auth, kv)
		// Go's members may refuse a token that is newer than they are; ours wait for it.
		if status.Code(err) == codes.Unauthenticated && c.last == c.stage.Members[ours] {
			c.unknown++
		}
		return err
	})
}

// ask asks one of the members that are there; while they elect a leader, again.
func (c *changes) ask(work func(context.Context, pb.AuthClient, pb.KVClient) error) error {
	var err error
	for try := 0; try < 20; try++ {
		member := c.stage.asked[c.rng.Intn(len(c.stage.asked))]
		if member == c.away {
			continue
		}
		c.last = member
		if err = askOne(member, work); status.Code(err) != codes.Unavailable && status.Code(err) != codes.DeadlineExceeded {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

func askOne(member *cluster.Member, work func(context.Context, pb.AuthClient, pb.KVClient) error) error {
	one, err := client.NewRaw(member.Endpoint())
	if err != nil {
		return err
	}
	defer one.Close()
	ctx, cancel := client.Timeout(8 * time.Second)
	defer cancel()
	return work(ctx, pb.NewAuthClient(one.Conn), one.KV)
}
